package org.k3sjvm.integration.scenario;

import java.util.List;
import java.util.Set;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.LabException;

/** What pods leave on a node if somebody forgets it. */
final class NodeRemains {
  /** The agent's own containerd. */
  static final String SOCKET = "/run/k3s/containerd/containerd.sock";

  private static final String SCRIPT =
      """
      find /var/lib/kubelet/pods /var/log/pods /var/log/containers -mindepth 1 -maxdepth 1
      awk '{print "mount " $5}' /proc/self/mountinfo | grep -E '/pods/|/netns/cni-|/io.containerd.runtime|/sandboxes/'
      find /sys/fs/cgroup -type d -path '*kubepods*' -name 'pod*'
      find /sys/fs/cgroup -type d -path '*kubepods*' -name 'cri-*'
      ip -o link show type veth | awk -F': ' '$2 !~ /^eth0/ {print "veth " $2}'
      ctr -a SOCKET -n k8s.io tasks ls -q | sed 's/^/task /'
      ctr -a SOCKET -n k8s.io containers ls -q | sed 's/^/container /'
      pgrep -a containerd-shim
      true
      """;

  private final Node node;
  private final String script;
  private final Set<String> before;

  private NodeRemains(Node node, String socket) throws InterruptedException {
    this.node = node;
    this.script = SCRIPT.replace("SOCKET", socket);
    this.before = Set.copyOf(all());
  }

  /** Takes note of what is there before any pod. */
  static NodeRemains before(Node node, String socket) throws InterruptedException {
    return new NodeRemains(node, socket);
  }

  /** Waits until nothing of any pod is left. */
  void awaitNone() throws InterruptedException {
    Await.until(
        "nothing of the pods is left on " + node.name(),
        Cluster.PATIENCE,
        () -> {
          List<String> left = all().stream().filter(line -> !before.contains(line)).toList();
          if (!left.isEmpty()) {
            throw new LabException(String.join("\n", left));
          }
          return true;
        });
  }

  private List<String> all() throws InterruptedException {
    return node.host().sh(script).output().lines().filter(line -> !line.isBlank()).toList();
  }
}
