package org.k3sjvm.kubelet.pod;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.kubelet.pod.ModelRuntime.Box;
import org.k3sjvm.kubelet.pod.ModelRuntime.Can;

/** Carries actions out on the model's runtime: well, badly, late, or only by half. */
final class ModelEffects implements PodEffects {
  private static final Duration SHORTEST = PodAction.MINIMUM_GRACE;
  private static final Duration TIMEOUT = Duration.ofMinutes(4);

  /** What goes wrong with a call. */
  private enum Fault {
    /** Nothing happens. */
    REFUSED,
    /** It happens, and the answer is lost. */
    ANSWER_LOST,
    /** It happens after the caller has given up. */
    LATE,
    /** The caller itself is wrong. */
    BUG
  }

  private final PodModel model;
  private Optional<Fault> next = Optional.empty();
  private final List<Runnable> late = new ArrayList<>();
  private boolean broke;

  ModelEffects(PodModel model) {
    this.model = model;
  }

  void faultNext() {
    next = Optional.of(Fault.values()[model.random.nextInt(Fault.values().length)]);
    model.say("next call", next.get());
  }

  /** What was late comes to pass, and nothing goes wrong from here on. */
  void settle() {
    next = Optional.empty();
    comeToPass();
  }

  /** Whether it was the effects' fault, asked once. */
  boolean broke() {
    boolean was = broke;
    broke = false;
    return was;
  }

  private void comeToPass() {
    List.copyOf(late).forEach(Runnable::run);
    late.clear();
  }

  @Override
  public ActionResult carryOut(DesiredPod pod, PodAction action, Interrupts interrupts)
      throws InterruptedException {
    model.say("does", action);
    if (!late.isEmpty() && model.random.nextBoolean()) {
      comeToPass();
    }
    model.laws.mayDo(pod, action);
    Optional<Fault> fault = next;
    next = Optional.empty();
    if (fault.isEmpty()) {
      return apply(pod, action, interrupts);
    }
    model.say("  but", fault.get());
    switch (fault.get()) {
      case REFUSED -> {}
      case ANSWER_LOST -> {
        ActionResult _ = apply(pod, action, interrupts);
      }
      case LATE -> {
        model.pass(TIMEOUT);
        if (action instanceof PodAction.CreateSandbox(int attempt)) {
          model.laws.lateSandbox();
          late.add(() -> sandbox(pod, attempt));
        }
        if (action instanceof PodAction.StartContainer start) {
          model.laws.late(start.spec().name());
          late.add(() -> lateStart(start));
        }
      }
      case BUG -> {
        broke = true;
        throw new IllegalStateException("a bug");
      }
    }
    return new ActionResult.Failed(reason(action), "it did not work");
  }

  private String reason(PodAction action) {
    return action instanceof PodAction.StartContainer && model.random.nextBoolean()
        ? "ErrImagePull"
        : "CreateContainerError";
  }

  private ActionResult apply(DesiredPod pod, PodAction action, Interrupts interrupts)
      throws InterruptedException {
    switch (action) {
      case PodAction.Prepare _ -> model.laws.left(true, true, true);
      case PodAction.MountVolumes _ -> interrupts.during(this::interruptible);
      case PodAction.CreateSandbox(int attempt) -> {
        interrupts.during(this::interruptible);
        model.laws.begins("a sandbox");
        sandbox(pod, attempt);
      }
      case PodAction.StartContainer start -> {
        interrupts.during(this::interruptible);
        model.laws.begins(start.spec().name());
        return start(start);
      }
      case PodAction.StopContainers stop -> interrupts.during(() -> stop(stop));
      case PodAction.RemoveContainer(ContainerId id, var _, var _) ->
          model
              .runtime
              .find(id)
              .ifPresent(
                  c -> {
                    model.laws.removes(c);
                    model.runtime.cans.remove(c);
                  });
      case PodAction.StopSandbox(var id) ->
          model.runtime.find(id).ifPresent(b -> model.runtime.end(b, model.now));
      case PodAction.RemoveSandbox(var id) ->
          model.runtime.find(id).ifPresent(model.runtime::remove);
      case PodAction.Resize _ -> interrupts.during(this::interruptible);
      case PodAction.UnmountVolumes _ -> model.laws.left(false, true, true);
      case PodAction.RemoveCgroup _ -> model.laws.left(false, false, true);
      case PodAction.RemoveFiles _ -> model.laws.left(false, false, false);
    }
    return ActionResult.DONE;
  }

  private void interruptible() throws InterruptedException {
    model.interfere();
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  private void sandbox(DesiredPod pod, int attempt) {
    boolean address = model.calm || model.random.nextInt(40) > 0;
    Box box = model.runtime.box(attempt, model.now, pod.hostNetwork(), address);
    model.say("sandbox is up", box);
  }

  private ActionResult start(PodAction.StartContainer start) {
    Optional<Box> box = model.runtime.find(start.sandbox().id()).filter(b -> b.ready);
    if (box.isEmpty()) {
      return new ActionResult.Failed("CreateContainerError", "no such sandbox");
    }
    Can can = model.runtime.can(box.get(), start.spec(), start.restartCount(), model.now);
    if (!model.calm && model.random.nextInt(12) == 0) {
      if (model.random.nextBoolean()) {
        can.end(128, model.now);
      }
      return new ActionResult.Failed("RunContainerError", "no such file");
    }
    run(can);
    boolean hook = !model.calm && model.random.nextInt(20) == 0;
    return new ActionResult.Started(can.id, hook ? Optional.of("exit 1") : Optional.empty());
  }

  private void run(Can can) {
    can.state = ContainerState.RUNNING;
    can.started = model.now;
    if (!model.calm && model.random.nextInt(4) == 0) {
      can.end(model.random.nextInt(2), model.now);
    }
  }

  private void lateStart(PodAction.StartContainer start) {
    model
        .runtime
        .find(start.sandbox().id())
        .filter(b -> b.ready)
        .ifPresent(b -> run(model.runtime.can(b, start.spec(), start.restartCount(), model.now)));
  }

  /** Each in its turn; a container that takes its time takes all of it. */
  private void stop(PodAction.StopContainers action) throws InterruptedException {
    List<PodAction.Stop> left = new ArrayList<>(action.stops());
    while (!left.isEmpty()) {
      interruptible();
      PodAction.Stop turn =
          left.stream()
              .filter(s -> left.stream().noneMatch(o -> s.after().contains(o.id())))
              .findFirst()
              .orElseThrow(() -> new AssertionError("everybody waits for somebody"));
      left.remove(turn);
      model
          .runtime
          .find(turn.id())
          .filter(c -> c.state != ContainerState.EXITED)
          .ifPresent(c -> stop(c, turn.killAt()));
    }
  }

  private void stop(Can can, Instant killAt) {
    if (can.state == ContainerState.UNKNOWN && model.random.nextBoolean()) {
      return; // it says that it stopped it, and goes on to say that it does not know
    }
    if (can.takesItsTime) {
      Instant floor = model.now.plus(SHORTEST);
      model.now = killAt.isAfter(floor) ? killAt : floor;
    }
    can.end(can.takesItsTime ? 137 : 143, model.now);
    model.laws.ended(can);
  }
}
