package org.k3sjvm.kubelet.pod.effect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kubelet.image.ImageException;
import org.k3sjvm.kubelet.pod.ActionResult;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Interrupts;
import org.k3sjvm.kubelet.pod.PodAction;
import org.k3sjvm.kubelet.pod.PodEffects;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.Resizing;
import org.k3sjvm.kubelet.translate.ConfigException;
import org.k3sjvm.kubelet.volume.VolumeException;
import org.k3sjvm.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the effect for an action, and turns what went wrong into a result. */
public final class Effects implements PodEffects {
  private static final Logger log = LoggerFactory.getLogger(Effects.class);

  private final Toolbox tools;
  private final CreateSandbox createSandbox;
  private final StartContainer startContainer;
  private final StopContainers stopContainers;
  private final ResizePod resizePod;
  private final PodFiles files;

  public Effects(Toolbox tools) {
    this.tools = tools;
    Hooks hooks = new Hooks(tools.runtime());
    files = new PodFiles(tools);
    createSandbox = new CreateSandbox(tools);
    startContainer = new StartContainer(tools, createSandbox, files, hooks);
    resizePod = new ResizePod(tools);
    stopContainers = new StopContainers(tools, hooks);
  }

  /** Removes the directory of a pod that is known by its uid only. */
  public void removeDirectory(PodUid uid) throws IOException {
    files.removeDirectory(uid);
  }

  @Override
  public ActionResult carryOut(DesiredPod pod, PodAction action, Interrupts interrupts)
      throws InterruptedException {
    try {
      return attempt(pod, action, interrupts);
    } catch (CriException e) {
      return failed(pod, action, e.detail());
    } catch (ConfigException
        | VolumeException
        | LinuxException
        | KubeException
        | UncheckedIOException e) {
      return failed(pod, action, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return failed(pod, action, e.toString());
    } catch (ImageException e) {
      return new ActionResult.Failed(e.reason(), String.valueOf(e.getMessage()), e.volumeImage());
    } catch (RuntimeException e) { // something in the pod that nobody foresaw: its owner is told
      log.atError()
          .setCause(e)
          .addKeyValue("action", action.getClass().getSimpleName())
          .log("action met something unforeseen");
      return failed(pod, action, String.valueOf(e.getMessage()));
    }
  }

  private ActionResult attempt(DesiredPod pod, PodAction action, Interrupts interrupts)
      throws InterruptedException, IOException {
    switch (action) {
      case PodAction.Prepare _ -> {
        files.make(pod);
        tools.cgroups().create(pod);
      }
      case PodAction.MountVolumes _ ->
          interrupts.during(() -> tools.mounted().put(pod.uid(), tools.volumes().mount(pod.pod())));
      case PodAction.CreateSandbox(int attempt) -> createSandbox.run(pod, attempt, interrupts);
      case PodAction.StartContainer start -> {
        return startContainer.run(pod, start, interrupts);
      }
      case PodAction.Resize resize -> resizePod.run(pod, resize);
      case PodAction.StopContainers stop -> stopContainers.run(pod, stop, interrupts);
      case PodAction.RemoveContainer(var id, var name, var logPath) -> {
        tools.runtime().removeContainer(id);
        files.removeLog(pod, name, id.value(), logPath);
      }
      case PodAction.StopSandbox(var id) ->
          tools.slots().in(Slots.Turn.FINISH, () -> tools.runtime().stopPodSandbox(id));
      case PodAction.RemoveSandbox(var id) ->
          tools.sweeps().in(Slots.Turn.BEGIN, () -> removeSandbox(id));
      case PodAction.UnmountVolumes _ -> {
        tools.volumes().unmount(pod.uid().value());
        tools.mounted().remove(pod.uid());
      }
      case PodAction.RemoveCgroup _ -> tools.cgroups().remove(pod.uid());
      case PodAction.RemoveFiles _ -> {
        tools.isolation().users().release(pod.uid());
        files.remove(pod);
        tools.isolation().network().left(pod.pod());
      }
    }
    return ActionResult.DONE;
  }

  /**
   * A runtime refuses to remove a sandbox whose network was never given back: then it stops first.
   */
  private void removeSandbox(SandboxId id) throws InterruptedException {
    try {
      tools.runtime().removePodSandbox(id);
    } catch (CriException.Rejected e) {
      tools.runtime().stopPodSandbox(id);
      tools.runtime().removePodSandbox(id);
    }
  }

  private ActionResult failed(DesiredPod pod, PodAction action, String message) {
    String reason =
        switch (action) {
          case PodAction.Prepare _ -> {
            event(
                pod,
                "FailedCreatePodContainer",
                "unable to ensure pod container exists: " + message);
            yield "FailedCreatePodContainer";
          }
          case PodAction.MountVolumes _ -> {
            event(pod, "FailedMount", message);
            yield "FailedMount";
          }
          case PodAction.CreateSandbox _ -> {
            event(pod, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + message);
            yield "CreatePodSandboxError";
          }
          case PodAction.StartContainer start -> { // it was not even asked for
            tools
                .output()
                .event(pod, PodEvent.warning("Failed", "Error: " + message).of(start.spec()));
            yield "CreateContainerConfigError";
          }
          case PodAction.Resize _ -> {
            event(pod, "ResizeError", Resizing.summary("error", pod, Optional.of(message)));
            yield Resizing.FAILED;
          }
          case PodAction.StopContainers _, PodAction.StopSandbox _ -> {
            event(pod, "FailedKillPod", "error killing pod: " + message);
            yield "FailedKillPod";
          }
          case PodAction.RemoveContainer _,
              PodAction.RemoveSandbox _,
              PodAction.UnmountVolumes _,
              PodAction.RemoveCgroup _,
              PodAction.RemoveFiles _ ->
              "CleanUpError";
        };
    return new ActionResult.Failed(reason, message);
  }

  private void event(DesiredPod pod, String reason, String message) {
    tools.output().event(pod, PodEvent.warning(reason, message));
  }
}
