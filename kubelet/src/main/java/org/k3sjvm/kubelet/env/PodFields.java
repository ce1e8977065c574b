package org.k3sjvm.kubelet.env;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.translate.ConfigException;

/**
 * Fields of a pod as text.
 *
 * <p>Source: Kubernetes v1.36 pkg/fieldpath/fieldpath.go and pkg/api/v1/resource/helpers.go.
 */
public final class PodFields {
  private static final Pattern KEYED =
      Pattern.compile("metadata\\.(labels|annotations)\\['(.*)'\\]");

  private PodFields() {}

  /**
   * A field of the pod.
   *
   * @param podIps the pod's addresses now, the primary first
   * @throws ConfigException when there is no such field
   */
  static String field(String path, Pod pod, List<String> podIps, List<String> hostIps) {
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
      case "spec.nodeName" -> text(pod.getSpec().getNodeName());
      case "spec.serviceAccountName" -> text(pod.getSpec().getServiceAccountName());
      case "status.hostIP" -> hostIps.getFirst();
      case "status.hostIPs" -> String.join(",", hostIps);
      case "status.podIP" -> podIps.isEmpty() ? "" : podIps.getFirst();
      case "status.podIPs" -> String.join(",", podIps);
      default -> throw new ConfigException("unsupported fieldPath: " + path);
    };
  }

  /**
   * A request or limit of a container, in units of the divisor, rounded up.
   *
   * @param allocatable the node's, which stands in for limits that are not set
   */
  static String resource(
      ResourceFieldSelector selector, Container container, Map<String, Quantity> allocatable) {
    String path = text(selector.getResource());
    int dot = path.indexOf('.');
    if (dot < 0) {
      throw new ConfigException("unsupported container resource : " + path);
    }
    String name = path.substring(dot + 1);
    boolean limits = path.startsWith("limits.");
    Map<String, Quantity> from =
        container.getResources() == null
            ? Map.of()
            : limits
                ? container.getResources().getLimits()
                : container.getResources().getRequests();
    Quantity value = from == null ? null : from.get(name);
    if (value == null && limits) {
      value = allocatable.get(name);
    }
    BigDecimal amount = value == null ? BigDecimal.ZERO : value.getNumericalAmount();
    Quantity divisor = selector.getDivisor();
    BigDecimal by =
        divisor == null || divisor.getNumericalAmount().signum() == 0
            ? BigDecimal.ONE
            : divisor.getNumericalAmount();
    return amount.divide(by, 0, RoundingMode.CEILING).toPlainString();
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }
}
