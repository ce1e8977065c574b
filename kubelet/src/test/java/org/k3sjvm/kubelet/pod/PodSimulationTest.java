package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxSandboxConfig;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxState;
import org.k3sjvm.cri.testing.FakeContainerRuntime;
import org.k3sjvm.kubelet.runtime.RuntimeObserver;
import org.k3sjvm.kubelet.translate.Labels;

/**
 * Pods in a world where anything happens at any time: exits, dead sandboxes, failing calls,
 * deletions, restarts of the kubelet. What must never happen is checked after each step. Replay one
 * with {@code -Dsimulation.seed=N}.
 */
class PodSimulationTest {
  private static final int WORLDS = 200;
  private static final int STEPS = 60;
  private static final int STEPS_TO_END = 80;
  private static final String IMAGE = "busybox:1";

  @Test
  void nothingStartsOnceAPodEndsAndNothingIsLeft() throws InterruptedException {
    Optional<Long> one = Optional.ofNullable(Long.getLong("simulation.seed"));
    long base = System.nanoTime();
    List<Long> seeds =
        one.map(List::of).orElseGet(() -> Stream.iterate(base, s -> s + 1).limit(WORLDS).toList());
    int starts = 0;
    for (long seed : seeds) {
      try {
        World world = new World(seed);
        world.run();
        starts += world.starts;
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("-Dsimulation.seed=" + seed + ": " + e.getMessage(), e);
      }
    }
    assertThat(starts).as("worlds are busy").isGreaterThan(3 * seeds.size());
  }

  private static final class World implements PodEffects, PodOutput {
    private final Random random;
    private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
    private final FakeContainerRuntime runtime = new FakeContainerRuntime(time, t -> {});
    private final Map<String, Integer> counts = new HashMap<>();
    private Pod pod;
    private PodInbox inbox;
    private PodWorker worker;
    private String terminal = "";
    private boolean ending;
    private boolean over;
    private int starts;

    World(long seed) {
      random = new Random(seed);
      runtime.images().add(IMAGE);
      pod = randomPod();
      inbox = new PodInbox(DesiredPod.of(pod));
      worker = worker();
    }

    private PodWorker worker() {
      return new PodWorker(
          inbox,
          new PodWorker.Tools(
              new RuntimeObserver(runtime),
              this,
              this,
              ProbeVerdicts.NONE,
              List.of("10.0.0.1"),
              time));
    }

    void run() throws InterruptedException {
      for (int i = 0; i < STEPS && !over; i++) {
        disturb();
        step();
      }
      if (!ending) {
        delete();
      }
      for (int i = 0; i < STEPS_TO_END && !over; i++) {
        step();
        time.advance(Duration.ofSeconds(11));
        if (i == STEPS_TO_END / 2) {
          inbox.removed();
        }
      }
      assertThat(over).as("the worker ends").isTrue();
      assertThat(runtime.listPodSandboxes(SandboxFilter.ALL)).isEmpty();
      assertThat(containers()).isEmpty();
    }

    private void step() throws InterruptedException {
      PodWorker.Outcome outcome = worker.step(time.instant());
      over = outcome instanceof PodWorker.Outcome.Over;
      ending |= !(worker.snapshot().phase() instanceof PodPhase.Syncing);
      List<PodSandbox> ready =
          runtime.listPodSandboxes(SandboxFilter.ALL).stream()
              .filter(s -> s.state() == SandboxState.READY)
              .toList();
      assertThat(ready).as("at most one sandbox").hasSizeLessThanOrEqualTo(1);
      if (worker.snapshot().phase() instanceof PodPhase.Terminated) {
        assertThat(alive()).as("nothing runs in a terminated pod").isEmpty();
      }
    }

    private void disturb() throws InterruptedException {
      switch (random.nextInt(12)) {
        case 0, 1, 2 -> {
          List<Container> running = alive();
          if (!running.isEmpty()) {
            runtime.exit(running.get(random.nextInt(running.size())).id(), random.nextInt(2));
          }
        }
        case 3 -> {
          List<PodSandbox> sandboxes = runtime.listPodSandboxes(SandboxFilter.ALL);
          if (!sandboxes.isEmpty()) {
            runtime.killSandbox(sandboxes.getLast().id());
          }
        }
        case 4 -> {
          List<String> verbs =
              List.of(
                  "RunPodSandbox",
                  "CreateContainer",
                  "StartContainer",
                  "StopContainer",
                  "StopPodSandbox",
                  "ListContainers",
                  "PodSandboxStatus");
          String verb = verbs.get(random.nextInt(verbs.size()));
          runtime.failNext(verb, new CriException.Unavailable(verb, "", "away", null));
        }
        case 5 -> restart();
        case 6 -> {
          if (random.nextInt(6) == 0) {
            delete();
          }
        }
        default -> time.advance(Duration.ofSeconds(random.nextInt(40)));
      }
    }

    /** The kubelet is killed and comes back with what the API server has. */
    private void restart() {
      if (ending) {
        return;
      }
      pod = new PodBuilder(pod).withStatus(worker.snapshot().status()).build();
      inbox = new PodInbox(DesiredPod.of(pod));
      worker = worker();
    }

    private void delete() {
      pod =
          new PodBuilder(pod)
              .editMetadata()
              .withDeletionTimestamp(time.instant().plusSeconds(5).toString())
              .withDeletionGracePeriodSeconds(5L)
              .endMetadata()
              .build();
      inbox.update(DesiredPod.of(pod));
    }

    private List<Container> alive() throws InterruptedException {
      return containers().stream().filter(c -> c.state() == ContainerState.RUNNING).toList();
    }

    /** The test looks, too, and may meet a fault that was meant for the worker: it looks again. */
    private List<Container> containers() throws InterruptedException {
      while (true) {
        try {
          return runtime.listContainers(ContainerFilter.ALL);
        } catch (CriException.Unavailable e) {
          assertThat(e).hasMessageContaining("away");
        }
      }
    }

    @Override
    public ActionResult carryOut(DesiredPod of, PodAction action, Interrupts interrupts)
        throws InterruptedException {
      try {
        switch (action) {
          case PodAction.CreateSandbox(int attempt) -> {
            assertThat(ending).as("no sandbox once the pod ends").isFalse();
            runtime.runPodSandbox(sandbox(of, attempt), "");
          }
          case PodAction.StartContainer start -> {
            assertThat(worker.snapshot().phase())
                .as("no container once the pod ends")
                .isInstanceOf(PodPhase.Syncing.class);
            assertInOrder(start);
            ContainerId id =
                runtime.createContainer(
                    start.sandbox().id(),
                    container(of, start),
                    sandbox(of, start.sandbox().attempt()));
            runtime.startContainer(id);
            starts++;
            return new ActionResult.Started(id, Optional.empty());
          }
          case PodAction.StopContainers(List<PodAction.Stop> stops, var _) -> {
            for (PodAction.Stop stop : stops) {
              runtime.stopContainer(stop.id(), Duration.ofSeconds(2));
            }
          }
          case PodAction.RemoveContainer(var id, var _, var _) -> runtime.removeContainer(id);
          case PodAction.StopSandbox(var id) -> runtime.stopPodSandbox(id);
          case PodAction.RemoveSandbox(var id) -> runtime.removePodSandbox(id);
          case PodAction.Resize _,
              PodAction.Prepare _,
              PodAction.MountVolumes _,
              PodAction.UnmountVolumes _,
              PodAction.RemoveCgroup _,
              PodAction.RemoveFiles _ -> {}
        }
        return ActionResult.DONE;
      } catch (CriException e) {
        return new ActionResult.Failed("CreateContainerError", e.detail());
      }
    }

    /** Regular containers start after init containers, and never twice at a time. */
    private void assertInOrder(PodAction.StartContainer start) throws InterruptedException {
      List<Container> running = alive();
      assertThat(running.stream().map(c -> c.metadata().name()))
          .as("one instance of each container")
          .doesNotContain(start.spec().name());
      if (start.spec().kind() == ContainerSpec.Kind.REGULAR) {
        assertThat(running.stream().map(c -> c.metadata().name()))
            .as("init is over")
            .doesNotContain("init");
      }
    }

    @Override
    public void report(PodReport report) {
      PodStatus status = report.status();
      Stream.concat(
              status.getInitContainerStatuses().stream(), status.getContainerStatuses().stream())
          .forEach(this::check);
      boolean ended = List.of("Succeeded", "Failed").contains(status.getPhase());
      if (!terminal.isEmpty()) {
        assertThat(status.getPhase()).as("an ended pod stays ended").isEqualTo(terminal);
      } else if (ended) {
        terminal = status.getPhase();
      }
      if (report.finished()) {
        assertThat(ended).as("a pod goes only after its end was told").isTrue();
      }
      assertThat(status.getConditions()).allSatisfy(c -> assertThat(c.getStatus()).isNotEmpty());
    }

    private void check(ContainerStatus status) {
      int before = counts.getOrDefault(status.getName(), 0);
      assertThat(status.getRestartCount())
          .as("restarts of " + status.getName() + " never go back")
          .isGreaterThanOrEqualTo(before);
      counts.put(status.getName(), status.getRestartCount());
      if (status.getState().getWaiting() != null) {
        assertThat(status.getState().getWaiting().getReason()).isNotEmpty();
      }
      if (status.getState().getTerminated() != null) {
        assertThat(status.getState().getTerminated().getReason()).isNotEmpty();
      }
    }

    @Override
    public void event(DesiredPod of, PodEvent event) {
      assertThat(event.message()).isNotEmpty();
    }

    @Override
    public void forget(DesiredPod of) {}

    @Override
    public void over(PodUid uid) {}

    private Pod randomPod() {
      List<String> policies = List.of("Always", "OnFailure", "Never");
      PodBuilder builder =
          new PodBuilder()
              .withNewMetadata()
              .withName("web")
              .withNamespace("default")
              .withUid("u1")
              .endMetadata()
              .withNewSpec()
              .withRestartPolicy(policies.get(random.nextInt(3)))
              .addNewContainer()
              .withName("app")
              .withImage(IMAGE)
              .endContainer()
              .endSpec();
      if (random.nextBoolean()) {
        builder
            .editSpec()
            .addNewInitContainer()
            .withName("init")
            .withImage(IMAGE)
            .endInitContainer()
            .endSpec();
      }
      if (random.nextBoolean()) {
        builder
            .editSpec()
            .addNewInitContainer()
            .withName("mesh")
            .withImage(IMAGE)
            .withRestartPolicy("Always")
            .endInitContainer()
            .endSpec();
      }
      if (random.nextBoolean()) {
        builder
            .editSpec()
            .addNewContainer()
            .withName("other")
            .withImage(IMAGE)
            .endContainer()
            .endSpec();
      }
      return builder.build();
    }

    private static PodSandboxConfig sandbox(DesiredPod of, int attempt) {
      return new PodSandboxConfig(
          new PodSandboxMetadata(of.name(), of.namespace(), of.uid().value(), attempt),
          of.name(),
          "",
          Optional.empty(),
          new ArrayList<>(),
          Labels.of(of),
          Map.of(),
          LinuxSandboxConfig.DEFAULT);
    }

    private static ContainerConfig container(DesiredPod of, PodAction.StartContainer start) {
      Map<String, String> labels = new HashMap<>(Labels.of(of));
      labels.put(Labels.CONTAINER_NAME, start.spec().name());
      return ContainerConfig.builder(
              new ContainerMetadata(start.spec().name(), start.restartCount()), ImageSpec.of(IMAGE))
          .labels(labels)
          .annotations(
              Map.of(
                  Labels.RESTART_COUNT,
                  "" + start.restartCount(),
                  Labels.HASH,
                  ContainerHash.of(start.spec().container())))
          .build();
    }
  }
}
