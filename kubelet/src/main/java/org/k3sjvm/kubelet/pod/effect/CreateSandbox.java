package org.k3sjvm.kubelet.pod.effect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.cri.DnsConfig;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.UserNamespace;
import org.k3sjvm.kubelet.hosts.HostNames;
import org.k3sjvm.kubelet.hosts.Resolver;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Interrupts;
import org.k3sjvm.kubelet.translate.ConfigException;
import org.k3sjvm.kubelet.translate.SandboxConfigs;

/** Makes a pod's sandbox. */
final class CreateSandbox {
  private final Toolbox tools;

  CreateSandbox(Toolbox tools) {
    this.tools = tools;
  }

  void run(DesiredPod pod, int attempt, Interrupts interrupts)
      throws InterruptedException, IOException {
    String handler = handler(pod);
    PodSandboxConfig config = config(pod, attempt);
    dns(pod).warnings().forEach(w -> tools.output().event(pod, w));
    Files.createDirectories(Path.of(config.logDirectory()));
    interrupts.during(() -> tools.slots().acquire(Slots.Turn.BEGIN));
    try {
      tools.runtime().runPodSandbox(config, handler);
    } finally {
      tools.slots().release();
    }
  }

  /** The same for the same attempt: containers are made with their sandbox's. */
  PodSandboxConfig config(DesiredPod pod, int attempt) throws InterruptedException, IOException {
    return SandboxConfigs.of(
        pod,
        attempt,
        names(pod),
        Optional.of(dns(pod).dns()),
        tools.places().podLogs(),
        tools.cgroups().parent(pod),
        users(pod));
  }

  /**
   * The pod's user namespace; empty for the node's. The same until the pod is gone.
   *
   * @throws ConfigException when the runtime knows none
   */
  Optional<UserNamespace> users(DesiredPod pod) throws InterruptedException, IOException {
    if (!Boolean.FALSE.equals(pod.pod().getSpec().getHostUsers())) {
      return Optional.empty();
    }
    String handler = handler(pod);
    boolean able =
        tools.runtime().status().handlers().stream()
            .anyMatch(h -> h.name().equals(handler) && h.userNamespaces());
    if (!able) {
      throw new ConfigException(
          "can't set `spec.hostUsers: false`, "
              + (handler.isEmpty() ? "runtime" : "RuntimeClass handler \"" + handler + "\"")
              + " does not support user namespaces");
    }
    try {
      return Optional.of(tools.isolation().users().of(pod.uid()));
    } catch (IllegalStateException e) {
      throw new ConfigException("create user namespace: " + e.getMessage());
    }
  }

  HostNames names(DesiredPod pod) {
    try {
      return HostNames.of(pod.pod(), tools.naming().domain());
    } catch (IllegalArgumentException e) {
      throw new ConfigException(String.valueOf(e.getMessage()));
    }
  }

  private Resolver.Answer dns(DesiredPod pod) throws IOException {
    return Resolver.of(pod.pod(), tools.naming().servers(), tools.naming().domain(), hostDns());
  }

  private DnsConfig hostDns() throws IOException {
    Optional<Path> file = tools.naming().resolvConf();
    if (file.isEmpty()) {
      return Resolver.ofNoHost(tools.cluster().hostIps());
    }
    return AtomicFiles.read(file.get())
        .map(Resolver::parse)
        .orElseThrow(
            () -> new ConfigException("open " + file.get() + ": no such file or directory"));
  }

  private String handler(DesiredPod pod) throws InterruptedException {
    String name = pod.pod().getSpec().getRuntimeClassName();
    if (name == null || name.isEmpty()) {
      return "";
    }
    return tools
        .cluster()
        .runtimeHandlers()
        .of(name)
        .orElseThrow(() -> new ConfigException("RuntimeClass \"" + name + "\" not found"));
  }
}
