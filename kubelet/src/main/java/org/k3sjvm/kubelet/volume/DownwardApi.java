package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Facts of a pod as the text of files. Source: Kubernetes v1.36 pkg/fieldpath/fieldpath.go and
 * pkg/api/v1/resource/helpers.go.
 */
final class DownwardApi {
  private static final Pattern KEYED =
      Pattern.compile("metadata\\.(labels|annotations)\\['(.*)'\\]");

  private DownwardApi() {}

  static String field(Pod pod, String path) {
    ObjectMeta metadata = pod.getMetadata();
    Matcher keyed = KEYED.matcher(path);
    if (keyed.matches()) {
      @Nullable Map<String, String> map =
          keyed.group(1).equals("labels") ? metadata.getLabels() : metadata.getAnnotations();
      return map == null ? "" : map.getOrDefault(keyed.group(2), "");
    }
    return switch (path) {
      case "metadata.name" -> metadata.getName();
      case "metadata.namespace" -> metadata.getNamespace();
      case "metadata.uid" -> metadata.getUid();
      case "metadata.labels" -> lines(metadata.getLabels());
      case "metadata.annotations" -> lines(metadata.getAnnotations());
      default -> throw new VolumeException("unsupported fieldPath: " + path);
    };
  }

  /** A request or limit in units of the divisor, rounded up. */
  static String resource(
      Pod pod, ResourceFieldSelector selector, Map<String, Quantity> allocatable) {
    String path = selector.getResource();
    int dot = path.indexOf('.');
    Container container =
        PodFacts.containers(pod.getSpec())
            .filter(candidate -> candidate.getName().equals(selector.getContainerName()))
            .findFirst()
            .orElseThrow(
                () ->
                    new VolumeException("container " + selector.getContainerName() + " not found"));
    if (dot < 0) {
      throw new VolumeException("unsupported container resource : " + path);
    }
    boolean limits = path.startsWith("limits.");
    String name = path.substring(dot + 1);
    var resources = container.getResources();
    @Nullable Map<String, Quantity> map =
        resources == null ? null : limits ? resources.getLimits() : resources.getRequests();
    @Nullable Quantity value = map == null ? null : map.get(name);
    if (value == null && limits) {
      value = allocatable.get(name);
    }
    BigDecimal amount = value == null ? BigDecimal.ZERO : value.getNumericalAmount();
    @Nullable Quantity divisor = selector.getDivisor();
    BigDecimal by = divisor == null ? BigDecimal.ZERO : divisor.getNumericalAmount();
    return amount
        .divide(by.signum() == 0 ? BigDecimal.ONE : by, 0, RoundingMode.CEILING)
        .toPlainString();
  }

  private static String lines(@Nullable Map<String, String> map) {
    return map == null
        ? ""
        : new TreeMap<>(map)
            .entrySet().stream()
                .map(entry -> entry.getKey() + "=" + quote(entry.getValue()))
                .collect(Collectors.joining("\n"));
  }

  /** As Go's %q. */
  private static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
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
                  } else {
                    out.appendCodePoint(c);
                  }
                }
              }
            });
    return out.append('"').toString();
  }
}
