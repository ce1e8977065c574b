package org.k3sjvm.kubelet.runtime;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.kubelet.cgroup.PodCgroups;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.translate.Labels;
import org.k3sjvm.kubelet.volume.PodVolumes;
import org.k3sjvm.kubelet.volume.VolumeException;
import org.k3sjvm.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what is left of pods that nobody wants. To be asked only once every source has said which
 * pods there are: an early call would end all of them.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, HandlePodCleanups.
 */
public final class OrphanSweeper {
  private static final Logger log = LoggerFactory.getLogger(OrphanSweeper.class);

  /** Source: kubelet v1.36 SyncTerminatingRuntimePod, one second, with the floor of two. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final ContainerRuntime runtime;
  private final PodVolumes volumes;
  private final PodCgroups cgroups;
  private final Files files;

  /** Removes the directory of a pod that is known by its uid only. */
  @FunctionalInterface
  public interface Files {
    void remove(PodUid uid) throws IOException;
  }

  public OrphanSweeper(
      ContainerRuntime runtime, PodVolumes volumes, PodCgroups cgroups, Files files) {
    this.runtime = runtime;
    this.volumes = volumes;
    this.cgroups = cgroups;
    this.files = files;
  }

  /** Pods that have something on the node besides what the runtime shows. */
  public Set<PodUid> onDisk() {
    Set<PodUid> all = new HashSet<>(cgroups.empty());
    try {
      volumes.podsOnDisk().forEach(uid -> all.add(new PodUid(uid)));
    } catch (IOException e) {
      log.atWarn().setCause(e).log("cannot list pods' volumes");
    }
    return all;
  }

  /** Removes one pod; what cannot be removed now is left for the next time. */
  public void sweep(PodUid uid) throws InterruptedException {
    try {
      Map<String, String> label = Map.of(Labels.POD_UID, uid.value());
      for (Container c : runtime.listContainers(ContainerFilter.labelled(label))) {
        if (c.state() == ContainerState.RUNNING || c.state() == ContainerState.UNKNOWN) {
          runtime.stopContainer(c.id(), GRACE);
        }
      }
      for (PodSandbox s : runtime.listPodSandboxes(SandboxFilter.labelled(label))) {
        runtime.stopPodSandbox(s.id());
        runtime.removePodSandbox(s.id());
      }
      for (Container c : runtime.listContainers(ContainerFilter.labelled(label))) {
        runtime.removeContainer(c.id());
      }
      volumes.unmount(uid.value());
      cgroups.removeEmpty(uid);
      files.remove(uid);
      log.atInfo().addKeyValue("podUid", uid).log("removed what was left of an unknown pod");
    } catch (CriException | VolumeException | LinuxException | IOException e) {
      log.atWarn().setCause(e).addKeyValue("podUid", uid).log("cannot remove an unknown pod yet");
    }
  }
}
