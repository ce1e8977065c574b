package org.k3sjvm.kubelet.env;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.QuantityNumber;
import org.k3sjvm.kubelet.translate.ConfigException;

/**
 * Fields of a pod as text, for variables and for files.
 *
 * <p>Source: Kubernetes v1.36 pkg/fieldpath/fieldpath.go and pkg/api/v1/resource/helpers.go.
 */
public final class PodFields {
  private static final Pattern KEYED =
      Pattern.compile("metadata\\.(labels|annotations)\\['(.*)'\\]", Pattern.DOTALL);

  /** Limits that are not set are the pod's, else the node's. */
  private static final Set<String> SHARED = Set.of("cpu", "memory", "ephemeral-storage");

  /** Resources that a pod as a whole may have. Source: component-helpers v0.36 resource. */
  private static final Set<String> OF_PODS = Set.of("cpu", "memory");

  private PodFields() {}

  /**
   * A field that is known before the pod runs.
   *
   * @throws ConfigException when there is no such field
   */
  public static String field(String path, Pod pod) {
    ObjectMeta meta = pod.getMetadata();
    Matcher keyed = KEYED.matcher(path);
    if (keyed.matches()) {
      Map<String, String> from =
          keyed.group(1).equals("labels") ? meta.getLabels() : meta.getAnnotations();
      return text(from == null ? null : from.get(keyed.group(2)));
    }
    return switch (path) {
      case "metadata.name" -> text(meta.getName());
      case "metadata.namespace" -> text(meta.getNamespace());
      case "metadata.uid" -> text(meta.getUid());
      case "metadata.labels" -> lines(meta.getLabels());
      case "metadata.annotations" -> lines(meta.getAnnotations());
      default -> throw new ConfigException("unsupported fieldPath: " + path);
    };
  }

  /**
   * A field of a pod that has a sandbox.
   *
   * @param podIps the pod's addresses now, the primary first
   * @throws ConfigException when there is no such field
   */
  static String field(String path, Pod pod, List<String> podIps, List<String> hostIps) {
    return switch (path) {
      case "spec.nodeName" -> text(pod.getSpec().getNodeName());
      case "spec.serviceAccountName" -> text(pod.getSpec().getServiceAccountName());
      case "status.hostIP" -> hostIps.getFirst();
      case "status.hostIPs" -> String.join(",", hostIps);
      case "status.podIP" -> podIps.isEmpty() ? "" : podIps.getFirst();
      case "status.podIPs" -> String.join(",", podIps);
      default -> field(path, pod);
    };
  }

  /**
   * A request or limit of a container, in units of the divisor, rounded up.
   *
   * @param own whose it is when the selector names nobody
   * @param allocatable the node's, which stands in for limits that are not set
   * @throws ConfigException when there is no such container or resource
   */
  public static String resource(
      Pod pod,
      Optional<Container> own,
      ResourceFieldSelector selector,
      Map<String, Quantity> allocatable) {
    String path = text(selector.getResource());
    int dot = path.indexOf('.');
    String kind = dot < 0 ? "" : path.substring(0, dot);
    String name = path.substring(dot + 1);
    boolean limits = kind.equals("limits");
    if ((!limits && !kind.equals("requests"))
        || (!SHARED.contains(name) && !name.startsWith("hugepages-"))) {
      throw new ConfigException("unsupported container resource : " + path);
    }
    ResourceRequirements resources = container(pod.getSpec(), own, selector).getResources();
    Optional<Quantity> value =
        resources == null
            ? Optional.empty()
            : find(limits ? resources.getLimits() : resources.getRequests(), name);
    if (limits && SHARED.contains(name)) {
      value = value.or(() -> ofPod(pod.getSpec(), name)).or(() -> find(allocatable, name));
    }
    BigDecimal amount = value.map(QuantityNumber::of).orElse(BigDecimal.ZERO);
    BigDecimal by =
        Optional.ofNullable(selector.getDivisor())
            .map(QuantityNumber::of)
            .filter(d -> d.signum() > 0)
            .orElse(BigDecimal.ONE);
    return amount.divide(by, 0, RoundingMode.CEILING).toPlainString();
  }

  private static Container container(
      PodSpec spec, Optional<Container> own, ResourceFieldSelector selector) {
    String name = text(selector.getContainerName());
    return name.isEmpty() && own.isPresent()
        ? own.get()
        : Stream.concat(spec.getContainers().stream(), spec.getInitContainers().stream())
            .filter(c -> c.getName().equals(name))
            .findFirst()
            .orElseThrow(() -> new ConfigException("container " + name + " not found"));
  }

  private static Optional<Quantity> ofPod(PodSpec spec, String name) {
    return spec.getResources() != null && OF_PODS.contains(name)
        ? find(spec.getResources().getLimits(), name)
        : Optional.empty();
  }

  private static Optional<Quantity> find(@Nullable Map<String, Quantity> from, String name) {
    return Optional.ofNullable(from == null ? null : from.get(name))
        .filter(q -> QuantityNumber.of(q).signum() > 0);
  }

  private static String lines(@Nullable Map<String, String> map) {
    return map == null
        ? ""
        : new TreeMap<>(map)
            .entrySet().stream()
                .map(e -> e.getKey() + "=" + quote(e.getValue()))
                .collect(Collectors.joining("\n"));
  }

  /** As Go's strconv.Quote. */
  private static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.codePoints().forEach(c -> quote(c, out));
    return out.append('"').toString();
  }

  private static void quote(int c, StringBuilder out) {
    switch (c) {
      case '"' -> out.append("\\\"");
      case '\\' -> out.append("\\\\");
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      case '\f' -> out.append("\\f");
      case '\b' -> out.append("\\b");
      case 7 -> out.append("\\a");
      case 11 -> out.append("\\v");
      default -> {
        if (c < 0x20 || c == 0x7f) {
          out.append(String.format("\\x%02x", c));
        } else if (printable(c)) {
          out.appendCodePoint(c);
        } else {
          out.append(String.format(c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
        }
      }
    }
  }

  /** Source: Go unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the space. */
  private static boolean printable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }
}
