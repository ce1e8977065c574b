package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.Container;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerSecurityContext;
import org.k3sjvm.cri.Device;
import org.k3sjvm.cri.EnvVar;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.env.Expansion;
import org.k3sjvm.kubelet.pod.ContainerHash;
import org.k3sjvm.kubelet.pod.DesiredPod;

/** Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go. */
public final class ContainerConfigs {
  /** Source: Kubernetes v1.36 pkg/apis/core TerminationMessagePathDefault. */
  public static final String MESSAGE_PATH = "/dev/termination-log";

  private ContainerConfigs() {}

  /** What had to be fetched or made for the container. */
  public record Parts(
      ImageSpec image,
      Map<String, String> env,
      List<Mount> mounts,
      LinuxResources resources,
      ContainerSecurityContext security,
      List<Device> devices) {}

  /** The container of a pod. */
  public static ContainerConfig of(
      DesiredPod pod, Container container, int restartCount, Parts parts) {
    return ContainerConfig.builder(
            new ContainerMetadata(container.getName(), restartCount), parts.image())
        .command(Expansion.expand(container.getCommand(), parts.env()))
        .args(Expansion.expand(container.getArgs(), parts.env()))
        .workingDir(Objects.requireNonNullElse(container.getWorkingDir(), ""))
        .envs(
            parts.env().entrySet().stream().map(e -> new EnvVar(e.getKey(), e.getValue())).toList())
        .mounts(parts.mounts())
        .devices(parts.devices())
        .labels(labels(pod, container))
        .annotations(annotations(pod, container, restartCount))
        .logPath(logPath(container.getName(), restartCount))
        .stdin(Boolean.TRUE.equals(container.getStdin()))
        .stdinOnce(Boolean.TRUE.equals(container.getStdinOnce()))
        .tty(Boolean.TRUE.equals(container.getTty()))
        .resources(parts.resources())
        .securityContext(parts.security())
        .stopSignal(stopSignal(container))
        .build();
  }

  private static String stopSignal(Container container) {
    return container.getLifecycle() == null || container.getLifecycle().getStopSignal() == null
        ? ""
        : container.getLifecycle().getStopSignal();
  }

  /** Relative to the sandbox's log directory. */
  public static String logPath(String container, int restartCount) {
    return container + "/" + restartCount + ".log";
  }

  private static Map<String, String> labels(DesiredPod pod, Container container) {
    Map<String, String> labels = new HashMap<>(Labels.of(pod));
    labels.put(Labels.CONTAINER_NAME, container.getName());
    return labels;
  }

  private static Map<String, String> annotations(
      DesiredPod pod, Container container, int restartCount) {
    Map<String, String> all = new HashMap<>();
    all.put(Labels.HASH, ContainerHash.of(container));
    all.put(Labels.RESTART_COUNT, Integer.toString(restartCount));
    all.put(
        Labels.MESSAGE_PATH,
        Objects.requireNonNullElse(container.getTerminationMessagePath(), MESSAGE_PATH));
    all.put(
        Labels.MESSAGE_POLICY,
        Objects.requireNonNullElse(container.getTerminationMessagePolicy(), "File"));
    Long grace = pod.pod().getSpec().getTerminationGracePeriodSeconds();
    if (grace != null) {
      all.put(Labels.POD_GRACE, grace.toString());
    }
    if (container.getLifecycle() != null && container.getLifecycle().getPreStop() != null) {
      all.put(Labels.PRE_STOP, KubeJson.write(container.getLifecycle().getPreStop()));
    }
    if (!container.getPorts().isEmpty()) {
      all.put(Labels.PORTS, KubeJson.write(container.getPorts()));
    }
    return all;
  }
}
