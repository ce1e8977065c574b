package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.k3sjvm.cri.DnsConfig;
import org.k3sjvm.cri.LinuxSandboxConfig;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.PortMapping;
import org.k3sjvm.cri.UserNamespace;
import org.k3sjvm.kubelet.hosts.HostNames;
import org.k3sjvm.kubelet.pod.DesiredPod;

/** Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_sandbox.go. */
public final class SandboxConfigs {
  private SandboxConfigs() {}

  /** Where the runtime writes the pod's logs. */
  public static Path logDirectory(Path podLogs, DesiredPod pod) {
    return podLogs.resolve(pod.namespace() + "_" + pod.name() + "_" + pod.uid());
  }

  /**
   * The sandbox of a pod.
   *
   * @param cgroupParent in the driver's words; empty for the runtime's own place
   * @param users the pod's user namespace; empty for the node's
   */
  public static PodSandboxConfig of(
      DesiredPod pod,
      int attempt,
      HostNames names,
      Optional<DnsConfig> dns,
      Path podLogs,
      String cgroupParent,
      Optional<UserNamespace> users) {
    PodSpec spec = pod.pod().getSpec();
    Map<String, String> labels = new HashMap<>(orEmpty(pod.pod().getMetadata().getLabels()));
    labels.putAll(Labels.of(pod));
    return new PodSandboxConfig(
        new PodSandboxMetadata(pod.name(), pod.namespace(), pod.uid().value(), attempt),
        pod.hostNetwork() ? "" : names.kernel(),
        logDirectory(podLogs, pod).toString(),
        dns,
        ports(spec),
        labels,
        orEmpty(pod.pod().getMetadata().getAnnotations()),
        new LinuxSandboxConfig(
            cgroupParent,
            Security.ofSandbox(spec, users),
            sysctls(spec),
            SandboxResources.overhead(spec),
            Optional.of(SandboxResources.containers(spec))));
  }

  private static List<PortMapping> ports(PodSpec spec) {
    return Stream.concat(
            spec.getInitContainers().stream().filter(c -> "Always".equals(c.getRestartPolicy())),
            spec.getContainers().stream())
        .flatMap(SandboxConfigs::ports)
        .map(SandboxConfigs::port)
        .toList();
  }

  /** Without those that have the name of an earlier one, or say the same without a name. */
  private static Stream<ContainerPort> ports(Container container) {
    Set<Object> seen = new HashSet<>();
    return container.getPorts().stream()
        .filter(
            p -> seen.add(p.getName() == null || p.getName().isEmpty() ? port(p) : p.getName()));
  }

  private static PortMapping port(ContainerPort port) {
    PortMapping.Protocol protocol =
        switch (port.getProtocol() == null ? "TCP" : port.getProtocol()) {
          case "UDP" -> PortMapping.Protocol.UDP;
          case "SCTP" -> PortMapping.Protocol.SCTP;
          default -> PortMapping.Protocol.TCP;
        };
    return new PortMapping(
        protocol,
        port.getContainerPort(),
        Objects.requireNonNullElse(port.getHostPort(), 0),
        Objects.requireNonNullElse(port.getHostIP(), ""));
  }

  private static Map<String, String> sysctls(PodSpec spec) {
    PodSecurityContext context = spec.getSecurityContext();
    Map<String, String> sysctls = new HashMap<>();
    if (context != null) {
      context.getSysctls().forEach(s -> sysctls.put(dotted(s.getName()), s.getValue()));
    }
    return sysctls;
  }

  /**
   * With dots between the parts. In a name that begins with slashes a dot belongs to a part, such
   * as an interface's name. Source: Kubernetes v1.36 component-helpers/node/util/sysctl.
   */
  public static String dotted(String name) {
    int dot = name.indexOf('.');
    int slash = name.indexOf('/');
    if (slash < 0 || (dot >= 0 && dot < slash)) {
      return name;
    }
    StringBuilder swapped = new StringBuilder(name.length());
    name.chars().forEach(c -> swapped.append((char) (c == '/' ? '.' : c == '.' ? '/' : c)));
    return swapped.toString();
  }

  private static Map<String, String> orEmpty(Map<String, String> map) {
    return map == null ? Map.of() : map;
  }
}
