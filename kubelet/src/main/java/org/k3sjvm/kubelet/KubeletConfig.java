package org.k3sjvm.kubelet;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;
import org.k3sjvm.kubelet.image.ImageSettings;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.userns.IdRange;

/**
 * What a kubelet must know before it starts.
 *
 * @param nodeName lower case, the name in the client certificate
 * @param nodeIps this node's addresses, the primary family first; at most one per family
 * @param images how images are pulled
 * @param userIds of the host, for pods with a user namespace of their own
 * @param settings everything that a user set; the parts beside it are worked out from them
 */
public record KubeletConfig(
    String nodeName,
    List<InetAddress> nodeIps,
    Directories directories,
    CgroupSettings cgroups,
    Dns dns,
    Limits limits,
    ImageSettings images,
    IdRange userIds,
    KubeletSettings settings) {

  public KubeletConfig {
    nodeIps = List.copyOf(nodeIps);
    if (nodeName.isEmpty()) {
      throw new IllegalArgumentException("the node needs a name");
    }
    if (nodeIps.isEmpty() || nodeIps.size() > 2) {
      throw new IllegalArgumentException("a node has one address, or one of each family");
    }
  }

  /** With settings, images and user ids as they are by default. */
  public KubeletConfig(
      String nodeName,
      List<InetAddress> nodeIps,
      Directories directories,
      CgroupSettings cgroups,
      Dns dns,
      Limits limits) {
    this(
        nodeName,
        nodeIps,
        directories,
        cgroups,
        dns,
        limits,
        ImageSettings.DEFAULT,
        IdRange.DEFAULT,
        KubeletSettings.DEFAULT);
  }

  /** Everything at its default. */
  public static KubeletConfig of(String nodeName, InetAddress nodeIp) {
    return new KubeletConfig(
        nodeName,
        List.of(nodeIp),
        Directories.DEFAULT,
        CgroupSettings.DEFAULT,
        Dns.none(),
        Limits.DEFAULT);
  }

  /**
   * Where files go; two kubelets on one machine need two of each.
   *
   * @param root pods' directories and volumes
   * @param podLogs where the runtime writes container logs
   * @param containerLogs links by container name, which log collectors read
   */
  public record Directories(Path root, Path podLogs, Path containerLogs) {
    /** Source: kubelet v1.36 defaults of rootDir, podLogsDir and ContainerLogsDir. */
    public static final Directories DEFAULT =
        new Directories(
            Path.of("/var/lib/kubelet"), Path.of("/var/log/pods"), Path.of("/var/log/containers"));
  }

  /**
   * Name resolution of pods.
   *
   * @param servers the cluster's name servers; empty means pods use the host's
   * @param domain such as {@code cluster.local}
   * @param resolvConf the host's resolver file; empty for none
   */
  public record Dns(List<String> servers, String domain, Optional<Path> resolvConf) {
    public Dns {
      servers = List.copyOf(servers);
    }

    /** No cluster name server. */
    public static Dns none() {
      return new Dns(List.of(), "cluster.local", Optional.of(Path.of("/etc/resolv.conf")));
    }
  }

  /**
   * How much at most.
   *
   * @param maxPods pods that this node takes
   * @param parallelStarts sandboxes and containers that are made or ended at one time
   * @param podPids processes in one pod; 0 for no limit
   */
  public record Limits(int maxPods, int parallelStarts, long podPids) {
    /** Source: kubelet v1.36 maxPods; the others measured on two cores with containerd 1.6. */
    public static final Limits DEFAULT = new Limits(110, 6, 0);

    public Limits {
      if (maxPods < 0 || parallelStarts < 1 || podPids < 0) {
        throw new IllegalArgumentException("limits are positive");
      }
    }
  }
}
