package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.kubelet.pod.ModelRuntime.Box;
import org.k3sjvm.kubelet.pod.ModelRuntime.Can;

/**
 * One pod with its worker, in a world where anything happens at any time. Everything is chosen from
 * one seed; what must hold is asked of {@link ModelLaws} at each thing that is done or said.
 */
final class PodModel implements PodObserver, PodOutput, ProbeVerdicts, InstantSource {
  private static final int STEPS_TO_SETTLE = 400;
  private static final Duration LONG = Duration.ofMinutes(30);

  final SplittableRandom random;
  final ModelRuntime runtime = new ModelRuntime();
  final ModelLaws laws;
  final Optional<StringBuilder> trace;
  private final ModelEffects effects;
  private final Map<ContainerId, Map<Kind, Verdict>> verdicts = new HashMap<>();
  Instant now = Instant.parse("2026-01-01T00:00:00Z");
  PodInbox inbox;
  PodWorker worker;
  boolean calm;
  private PodSpec spec;
  private Optional<Long> deletion = Optional.empty();
  private PodStatus told = new PodStatus();
  private PodStatus toldBefore = told;
  private boolean removed;
  private boolean over;
  private boolean blind;
  private PodWorker.Outcome last = new PodWorker.Outcome.Again();
  private int events;

  PodModel(long seed, boolean traced) {
    random = new SplittableRandom(seed);
    trace = traced ? Optional.of(new StringBuilder()) : Optional.empty();
    spec = ModelShapes.spec(random.nextInt());
    effects = new ModelEffects(this);
    laws = new ModelLaws(this);
    inbox = new PodInbox(desired());
    worker = worker(inbox);
    laws.restarted(told);
  }

  /** How many things happened, for the sum of all sequences. */
  int events() {
    return events;
  }

  void run() throws InterruptedException {
    for (int i = 6 + random.nextInt(12); i > 0 && !over; i--) {
      events++;
      disturb();
      for (int rounds = random.nextInt(5); rounds >= 0 && !over; rounds--) {
        step();
        if (last instanceof PodWorker.Outcome.Park) {
          break;
        }
      }
    }
    calm = true;
    effects.settle();
    if (!over && random.nextBoolean()) {
      settle(now.plus(LONG));
      laws.settled();
    }
    end();
  }

  private void disturb() {
    switch (random.nextInt(26)) {
      case 0, 1, 2, 3, 4 -> exit();
      case 5 -> any(runtime.boxes).ifPresent(b -> runtime.end(say("sandbox dies", b), now));
      case 6, 7, 8 -> effects.faultNext();
      case 9 -> blind = say("the runtime does not answer", true);
      case 10, 11 -> restart();
      case 12 -> delete(List.of(0L, 1L, 5L, 30L, 600L).get(random.nextInt(5)));
      case 13 -> kill();
      case 14 -> edit();
      case 15 -> debug();
      case 16, 17, 18 -> probe();
      case 19 -> any(runtime.running()).ifPresent(c -> lose(say("unknown state", c)));
      case 20 -> any(runtime.cans).filter(c -> !c.running()).ifPresent(this::vanish);
      case 21 -> any(runtime.running()).ifPresent(c -> say("stubborn", c).takesItsTime = true);
      case 22 -> {
        if (random.nextInt(3) == 0) {
          remove();
        }
      }
      default -> pass(Duration.ofSeconds(random.nextInt(1 + (1 << random.nextInt(11)))));
    }
  }

  /** Something that others want, in the middle of what the worker does. */
  void interfere() {
    if (calm || random.nextInt(10) > 0) {
      return;
    }
    switch (random.nextInt(5)) {
      case 0 -> delete(List.of(1L, 5L, 30L).get(random.nextInt(3)));
      case 1 -> kill();
      case 2 -> remove();
      case 3 -> inbox.look();
      default -> exit();
    }
  }

  private void exit() {
    any(runtime.running())
        .ifPresent(
            c -> {
              int[] codes = {0, 0, 1, ModelShapes.AGAIN, ModelShapes.ALL_AGAIN};
              c.end(codes[random.nextInt(codes.length)], now);
              say("exit " + c.exitCode, c);
              inbox.look();
            });
  }

  private void lose(Can can) {
    can.state = ContainerState.UNKNOWN;
    laws.lost(can);
  }

  private void vanish(Can can) {
    say("record vanishes", can);
    runtime.cans.remove(can);
    laws.vanished(can);
  }

  private void kill() {
    say("kill", "");
    inbox.kill(
        new PodWishes.Kill(
            TerminationReason.killed("Evicted", "full"),
            random.nextBoolean()
                ? Optional.empty()
                : Optional.of(Duration.ofSeconds(random.nextInt(40)))));
  }

  private void edit() {
    List<String> names = new ArrayList<>();
    spec.getContainers().forEach(c -> names.add(c.getName()));
    spec.getInitContainers().forEach(c -> names.add(c.getName()));
    String name = names.get(random.nextInt(names.size()));
    spec = ModelShapes.edited(spec, say("edit", name), "busybox:" + random.nextInt(1, 3));
    laws.edited(name);
    update();
  }

  private void debug() {
    if (spec.getEphemeralContainers().size() < 2 && deletion.isEmpty()) {
      String name = "debug" + spec.getEphemeralContainers().size();
      spec = ModelShapes.debugged(spec, say("ephemeral", name));
      update();
    }
  }

  private void probe() {
    any(runtime.running())
        .ifPresent(
            c -> {
              Kind kind = any(List.of(Kind.values())).orElseThrow();
              Verdict verdict = random.nextInt(3) == 0 ? Verdict.FAILURE : Verdict.SUCCESS;
              say(kind + " " + verdict, c);
              verdicts.computeIfAbsent(c.id, _ -> new HashMap<>()).put(kind, verdict);
              inbox.look();
            });
  }

  void delete(long grace) {
    if (removed || deletion.filter(d -> d <= grace).isPresent()) {
      return;
    }
    say("delete", grace);
    deletion = Optional.of(grace);
    update();
  }

  private void remove() {
    say("removed", "");
    removed = true;
    inbox.removed();
  }

  private void update() {
    if (!removed) {
      inbox.update(desired());
    }
  }

  private DesiredPod desired() {
    return DesiredPod.of(ModelShapes.pod(spec, told, deletion));
  }

  /** The agent is killed and comes back with what the API server has, which may be a bit old. */
  private void restart() {
    if (removed) {
      return;
    }
    say("agent starts", "");
    told = random.nextInt(4) == 0 ? toldBefore : told;
    inbox = new PodInbox(desired());
    worker = worker(inbox);
    laws.restarted(told);
    last = new PodWorker.Outcome.Again();
  }

  private PodWorker worker(PodInbox of) {
    return new PodWorker(
        of, new PodWorker.Tools(this, effects, this, this, List.of("10.0.0.1"), this));
  }

  void pass(Duration time) {
    now = now.plus(time);
    say("time passes", time);
  }

  private void step() throws InterruptedException {
    laws.before();
    try {
      last = worker.step(now);
    } catch (IllegalStateException e) {
      if (!effects.broke()) {
        throw e;
      }
      pass(Duration.ofSeconds(10));
      last = new PodWorker.Outcome.Again();
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted by nobody", e);
    }
    laws.check(!Thread.interrupted(), "no interrupt is left over");
    over = last instanceof PodWorker.Outcome.Over;
    say("phase", worker.snapshot().phase());
    laws.after(over);
  }

  /** Nothing disturbs; the worker alone says when it looks again. */
  private void settle(Instant until) throws InterruptedException {
    int busy = 0;
    for (int i = 0; i < STEPS_TO_SETTLE && now.isBefore(until) && !over; i++) {
      if (last instanceof PodWorker.Outcome.Park(Optional<Instant> wake) && !cooperate()) {
        busy = 0;
        if (wake.isEmpty() || wake.get().isAfter(until)) {
          return;
        }
        now = wake.get().isAfter(now) ? wake.get() : now;
      }
      step();
      laws.check(++busy < 40, "the worker comes to rest");
    }
  }

  /** Containers do what they are there for; whether that is news. */
  private boolean cooperate() {
    boolean news = false;
    for (Can can : runtime.running()) {
      if (can.spec.kind() == ContainerSpec.Kind.INIT) {
        can.end(0, now);
        say("exit 0", can);
        news = true;
      }
      Map<Kind, Verdict> of = verdicts.computeIfAbsent(can.id, _ -> new HashMap<>());
      news |= of.put(Kind.STARTUP, Verdict.SUCCESS) != Verdict.SUCCESS;
      news |= of.put(Kind.LIVENESS, Verdict.SUCCESS) == Verdict.FAILURE;
    }
    return news;
  }

  private void end() throws InterruptedException {
    if (over) {
      return;
    }
    delete(5);
    for (int i = 0; i < STEPS_TO_SETTLE && !over; i++) {
      step();
      if (last instanceof PodWorker.Outcome.Park(Optional<Instant> wake)) {
        if (!removed && laws.finished()) {
          remove();
        } else {
          laws.check(wake.isPresent(), "a pod that ends is looked at again");
          now = wake.get().isAfter(now) ? wake.get() : now;
        }
      }
    }
    laws.check(over, "the worker ends");
  }

  @Override
  public ObservedPod observe(DesiredPod pod) {
    if (blind && !calm) {
      blind = false;
      pass(Duration.ofSeconds(random.nextInt(120)));
      throw new CriException.Unavailable("ListContainers", "", "away", null);
    }
    return runtime.observed();
  }

  @Override
  public void report(PodReport report) {
    laws.report(report);
    toldBefore = told;
    told = report.status();
  }

  @Override
  public void event(DesiredPod pod, PodEvent event) {
    laws.check(!event.message().isEmpty(), "events say something");
  }

  @Override
  public void forget(DesiredPod pod) {}

  @Override
  public Verdict verdict(ContainerId container, Kind kind) {
    return verdicts.getOrDefault(container, Map.of()).getOrDefault(kind, Verdict.UNKNOWN);
  }

  @Override
  public Instant instant() {
    return now;
  }

  PodSpec spec() {
    return spec;
  }

  <T> Optional<T> any(List<T> from) {
    return from.isEmpty() ? Optional.empty() : Optional.of(from.get(random.nextInt(from.size())));
  }

  /** Notes what happens when somebody reads. */
  <T> T say(String what, T of) {
    if (trace.isPresent()) {
      String text =
          switch (of) {
            case Can c -> c.name() + "#" + c.attempt + " " + c.id + " in " + c.box.id;
            case Box b -> b.id.toString();
            case PodAction.StartContainer a ->
                "start " + a.spec().name() + "#" + a.restartCount() + " in " + a.sandbox().id();
            default -> String.valueOf(of);
          };
      trace.get().append('\n').append(now).append("  ").append(what).append(' ').append(text);
    }
    return of;
  }
}
