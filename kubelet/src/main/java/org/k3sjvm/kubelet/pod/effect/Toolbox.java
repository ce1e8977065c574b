package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.Quantity;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.kubelet.cgroup.PodCgroups;
import org.k3sjvm.kubelet.env.EnvObjects;
import org.k3sjvm.kubelet.env.ServiceEnv.ServiceAddress;
import org.k3sjvm.kubelet.image.Credential;
import org.k3sjvm.kubelet.image.Images;
import org.k3sjvm.kubelet.image.PullCredentials;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodOutput;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.volume.MountedVolume;
import org.k3sjvm.kubelet.volume.PodVolumes;

/**
 * What effects share.
 *
 * @param slots how many things the runtime makes or ends at one time
 * @param sweeps how many leftovers it removes at one time; nobody waits for those
 * @param mounted volumes by pod, as last mounted
 */
public record Toolbox(
    ContainerRuntime runtime,
    Images images,
    PodVolumes volumes,
    PodCgroups cgroups,
    Places places,
    Naming naming,
    Cluster cluster,
    Isolation isolation,
    PodOutput output,
    InstantSource clock,
    Slots slots,
    Slots sweeps,
    ConcurrentMap<PodUid, Map<String, MountedVolume>> mounted) {

  /** With slots free. */
  public static Toolbox of(
      ContainerRuntime runtime,
      Images images,
      PodVolumes volumes,
      PodCgroups cgroups,
      Places places,
      Naming naming,
      Cluster cluster,
      Isolation isolation,
      PodOutput output,
      InstantSource clock,
      int parallelStarts) {
    return new Toolbox(
        runtime,
        images,
        volumes,
        cgroups,
        places,
        naming,
        cluster,
        isolation,
        output,
        clock,
        new Slots(parallelStarts),
        new Slots(2),
        new ConcurrentHashMap<>());
  }

  /** To try for a pull on behalf of a pod, the closest first. */
  List<Credential> credentials(DesiredPod pod, String repository) throws InterruptedException {
    return cluster.credentials().find(pod.pod(), repository, e -> output.event(pod, e));
  }

  /**
   * How pods resolve names.
   *
   * @param servers the cluster's name servers; empty means the host's
   * @param domain such as {@code cluster.local}
   * @param resolvConf the host's resolver file
   */
  public record Naming(List<String> servers, String domain, Optional<Path> resolvConf) {
    public Naming {
      servers = List.copyOf(servers);
    }
  }

  /**
   * What pods learn about the cluster and the node.
   *
   * @param services those with an address; empty before they were read once
   * @param credentials for pulls
   * @param runtimeHandlers of a RuntimeClass by name
   */
  public record Cluster(
      List<String> hostIps,
      Supplier<Map<String, Quantity>> allocatable,
      Supplier<Optional<List<ServiceAddress>>> services,
      EnvObjects objects,
      PullCredentials credentials,
      RuntimeHandlers runtimeHandlers) {
    public Cluster {
      hostIps = List.copyOf(hostIps);
    }
  }

  /** Finds a RuntimeClass's handler. */
  @FunctionalInterface
  public interface RuntimeHandlers {
    /** Empty when there is no such class. */
    Optional<String> of(String runtimeClass) throws InterruptedException;
  }
}
