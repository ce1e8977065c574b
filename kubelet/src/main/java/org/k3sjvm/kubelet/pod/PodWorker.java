package org.k3sjvm.kubelet.pod;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.cri.CriException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * The one who acts for one pod: takes the newest wish, looks, plans, acts, reports, and waits until
 * there is a reason to look again. A round that did something is followed by another look at once.
 */
final class PodWorker implements Service {
  private static final Logger log = LoggerFactory.getLogger(PodWorker.class);

  /** Rounds in a row that act; more means that acting changes nothing, and the pace is cut. */
  private static final int BUSY_ROUNDS = 30;

  private static final Duration BUSY_PAUSE = Duration.ofSeconds(2);
  private static final Duration AFTER_BUG = Duration.ofSeconds(10);
  private static final Duration RUNTIME_AWAY = Duration.ofSeconds(1);

  /** What workers share. */
  record Tools(
      PodObserver observer,
      PodEffects effects,
      PodOutput output,
      ProbeVerdicts probes,
      List<String> hostIps,
      InstantSource clock) {
    Tools {
      hostIps = List.copyOf(hostIps);
    }
  }

  /** What one step ended with. */
  sealed interface Outcome {
    /** Look again at once. */
    record Again() implements Outcome {}

    /** Look again on news, or then. */
    record Park(Optional<Instant> until) implements Outcome {}

    /** Nothing of the pod is left. */
    record Over() implements Outcome {}
  }

  private final PodInbox inbox;
  private final Tools tools;
  private PodPhase phase = new PodPhase.Syncing();
  private PodMemory memory;
  private volatile Snapshot snapshot;
  private int busy;
  private final Object telling = new Object();

  /** What was planned from, while actions hold this worker up. */
  @GuardedBy("telling")
  private Optional<Held> held = Optional.empty();

  private record Held(PodView view, PodWishes wishes, PodPhase phase, PodMemory memory) {}

  /** The newest look, for others to see. */
  record Snapshot(DesiredPod desired, ObservedPod observed, PodStatus status, PodPhase phase) {}

  PodWorker(PodInbox inbox, Tools tools) {
    this.inbox = inbox;
    this.tools = tools;
    DesiredPod first = inbox.wishes().desired();
    PodStatus status = Optional.ofNullable(first.pod().getStatus()).orElseGet(PodStatus::new);
    memory = PodMemory.fresh(status);
    snapshot = new Snapshot(first, ObservedPod.NOTHING, status, phase);
  }

  Snapshot snapshot() {
    return snapshot;
  }

  @Override
  public void run() throws InterruptedException {
    DesiredPod pod = inbox.wishes().desired();
    MDC.put("pod", pod.fullName());
    MDC.put("podUid", pod.uid().value());
    while (true) {
      Instant now = tools.clock().instant();
      switch (guardedStep(now)) {
        case Outcome.Over _ -> {
          return;
        }
        case Outcome.Again _ -> {
          if (++busy > BUSY_ROUNDS) {
            log.atWarn().addKeyValue("retryIn", BUSY_PAUSE).log("pod does not settle");
            inbox.await(Optional.of(BUSY_PAUSE));
            busy = 0;
          }
        }
        case Outcome.Park(Optional<Instant> until) -> {
          busy = 0;
          inbox.await(until.map(u -> Duration.between(tools.clock().instant(), u)));
        }
      }
      if (inbox.stopped() || Thread.currentThread().isInterrupted()) {
        throw new InterruptedException();
      }
    }
  }

  /** A bug met in one pod must not end the others': it is told, and the pod looked at later. */
  private Outcome guardedStep(Instant now) throws InterruptedException {
    try {
      return step(now);
    } catch (RuntimeException e) {
      log.atError().setCause(e).addKeyValue("retryIn", AFTER_BUG).log("pod worker failed");
      return new Outcome.Park(Optional.of(now.plus(AFTER_BUG)));
    }
  }

  /** One round. */
  Outcome step(Instant now) throws InterruptedException {
    PodWishes wishes = inbox.take();
    ObservedPod observed;
    try {
      observed = tools.observer().observe(wishes.desired());
    } catch (CriException e) {
      log.atDebug().setCause(e).addKeyValue("retryIn", RUNTIME_AWAY).log("cannot look at pod");
      return new Outcome.Park(Optional.of(now.plus(RUNTIME_AWAY)));
    }
    PodView view =
        new PodView(wishes.desired(), observed, tools.probes(), memory.status(), tools.hostIps());
    PodPlan plan = PodPlanner.plan(view, wishes, phase, memory, now);
    note(plan.next());
    phase = plan.next();
    memory = plan.memory();
    snapshot = new Snapshot(wishes.desired(), observed, memory.status(), phase);
    if (!wishes.removed()) {
      tools.output().report(plan.report());
    }
    plan.events().forEach(e -> tools.output().event(wishes.desired(), e));
    boolean ending = !(phase instanceof PodPhase.Syncing);
    tools.probes().follow(wishes.desired(), observed, memory.status(), ending);
    if (plan.done()) {
      tools.output().forget(wishes.desired());
      return new Outcome.Over();
    }
    hold(Optional.of(new Held(view.after(memory.status()), wishes, phase, memory)));
    try {
      return act(wishes.desired(), plan);
    } finally {
      hold(Optional.empty());
    }
  }

  private void hold(Optional<Held> now) {
    synchronized (telling) {
      held = now;
    }
  }

  /**
   * Reports what probes say while an action, such as a long end, keeps the worker from looking. Any
   * thread may call. Source: kubelet v1.36 pkg/kubelet/status/status_manager.go,
   * SetContainerReadiness and SetContainerStartup.
   */
  void tellProbes() {
    synchronized (telling) {
      held.filter(h -> !h.wishes().removed()).ifPresent(this::tell);
    }
  }

  private void tell(Held is) {
    Instant now = tools.clock().instant();
    PodPlan plan = PodPlanner.plan(is.view(), is.wishes(), is.phase(), is.memory(), now);
    if (!plan.next().getClass().equals(is.phase().getClass())) {
      return; // more than a probe's word has changed: that is for the worker
    }
    tools.output().report(plan.report());
    tools
        .probes()
        .follow(
            is.wishes().desired(),
            is.view().observed(),
            plan.memory().status(),
            !(is.phase() instanceof PodPhase.Syncing));
  }

  private Outcome act(DesiredPod pod, PodPlan plan) throws InterruptedException {
    boolean any = false;
    for (PodAction action : plan.actions()) {
      memory = memory.begun(action);
      ActionResult result;
      try {
        result = tools.effects().carryOut(pod, action, inbox);
      } catch (InterruptedException e) {
        if (inbox.stopped() || inbox.wishes().end().isEmpty()) {
          throw e;
        }
        result = new ActionResult.Interrupted();
      }
      Instant now = tools.clock().instant();
      memory = memory.after(action, result, now);
      any = true;
      if (result instanceof ActionResult.Failed(String reason, String message, var _)) {
        log.atWarn()
            .addKeyValue("action", action.getClass().getSimpleName())
            .addKeyValue("reason", reason)
            .addKeyValue("message", message)
            .log("action failed");
        if (!standsAlone(action)) {
          break;
        }
      }
      if (result instanceof ActionResult.Interrupted) {
        break;
      }
    }
    return any ? new Outcome.Again() : new Outcome.Park(plan.wakeAt());
  }

  /** Whether what follows does not need it. */
  private static boolean standsAlone(PodAction action) {
    return switch (action) {
      case PodAction.StartContainer _ -> true;
      case PodAction.Resize resize -> resize.changes().stream().allMatch(PodAction.Change::inPlace);
      default -> false;
    };
  }

  private void note(PodPhase next) {
    if (!next.getClass().equals(phase.getClass())) {
      log.atInfo()
          .addKeyValue("from", phase.getClass().getSimpleName())
          .addKeyValue("to", next.getClass().getSimpleName())
          .addKeyValue("reason", reason(next))
          .log("pod phase changed");
    }
  }

  private static String reason(PodPhase phase) {
    return switch (phase) {
      case PodPhase.Syncing _ -> "";
      case PodPhase.Terminating(Instant _, TerminationReason r) -> r.kind().name();
      case PodPhase.Terminated(Instant _, TerminationReason r) -> r.kind().name();
    };
  }
}
