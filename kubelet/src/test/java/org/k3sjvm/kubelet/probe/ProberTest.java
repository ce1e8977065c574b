package org.k3sjvm.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.testing.FakeContainerRuntime;
import org.k3sjvm.kubelet.handler.RudeServer;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.ObservedContainer;
import org.k3sjvm.kubelet.pod.ObservedPod;
import org.k3sjvm.kubelet.pod.ObservedSandbox;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.ProbeVerdicts.Kind;
import org.k3sjvm.kubelet.pod.ProbeVerdicts.Verdict;

class ProberTest {
  private static final long PATIENCE_SECONDS = 10;

  private final FakeContainerRuntime runtime = FakeContainerRuntime.create();
  private final BlockingQueue<Object> told = new LinkedBlockingQueue<>();
  private final ContainerId id = new ContainerId("c1");
  private final Prober prober =
      new Prober(
          new Checks(runtime),
          new Prober.Listener() {
            @Override
            public void changed(DesiredPod pod) {
              told.add(pod.name());
            }

            @Override
            public void event(DesiredPod pod, PodEvent event) {
              told.add(event);
            }
          },
          List.of("127.0.0.1"),
          InstantSource.system());

  @AfterEach
  void stop() {
    prober.close();
  }

  @Test
  void asksCountsAndForgets() throws Exception {
    try (RudeServer server = RudeServer.saying("HTTP/1.1 200 OK\r\n\r\n")) {
      DesiredPod pod = pod(server.port());
      prober.follow(pod, runs(), started(true), false);

      assertThat(next()).isEqualTo("web");

      assertThat(prober.verdict(id, Kind.READINESS)).isEqualTo(Verdict.SUCCESS);
      assertThat(prober.metrics())
          .contains(
              "prober_probe_total{container=\"app\",namespace=\"default\",pod=\"web\",pod_uid=\"u1\","
                  + "probe_type=\"Readiness\",result=\"successful\"} 1\n",
              "prober_probe_duration_seconds_bucket{container=\"app\",namespace=\"default\","
                  + "pod=\"web\",probe_type=\"Readiness\",le=\"+Inf\"} 1\n",
              "le=\"0.005\"",
              "# TYPE prober_probe_duration_seconds histogram\n");

      prober.follow(pod, ObservedPod.NOTHING, started(false), true);

      assertThat(prober.verdict(id, Kind.READINESS)).isEqualTo(Verdict.UNKNOWN);
      assertThat(prober.metrics()).doesNotContain("{");
    }
  }

  @Test
  void readinessGoesOnWhileThePodEnds() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (RudeServer server =
        RudeServer.that(
            client -> {
              RudeServer.head(client);
              RudeServer.write(
                  client, "HTTP/1.1 " + (asked.getAndIncrement() == 0 ? 200 : 503) + " X\r\n\r\n");
            })) {
      DesiredPod pod = pod(server.port());
      prober.follow(pod, runs(), started(true), false);
      assertThat(next()).isEqualTo("web");

      prober.follow(pod, runs(), started(true), true);

      assertThat(next())
          .isEqualTo(
              new PodEvent(
                  PodEvent.Type.WARNING,
                  "Unhealthy",
                  "Readiness probe failed: HTTP probe failed with statuscode: 503",
                  "spec.containers{app}"));
      assertThat(next()).isEqualTo("web");
      assertThat(prober.verdict(id, Kind.READINESS)).isEqualTo(Verdict.FAILURE);
    }
  }

  @Test
  void aBugInAskingIsToldAndCountsForNothing() throws Exception {
    runtime.onExec(
        (_, _) -> {
          throw new IllegalStateException("a bug");
        });
    start();
    prober.follow(
        DesiredPod.of(
            template()
                .editSpec()
                .editFirstContainer()
                .withNewReadinessProbe()
                .withPeriodSeconds(1)
                .withNewExec()
                .withCommand("x")
                .endExec()
                .endReadinessProbe()
                .endContainer()
                .endSpec()
                .build()),
        runs(),
        started(true),
        false);

    PodEvent event = (PodEvent) next();

    assertThat(event.message())
        .startsWith("Readiness probe errored and resulted in unknown state: ");
    assertThat(prober.verdict(id, Kind.READINESS)).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void execAnswersWithItsOutputAndTriesThriceWhenTheRuntimeFails() throws Exception {
    ContainerId real = start();
    Checks checks = new Checks(runtime);
    Question.Exec command = new Question.Exec(List.of("sh", "-c", "check"));
    Duration limit = Duration.ofSeconds(70);

    runtime.onExec((_, _) -> new ExecResult("o".repeat(10000), "e".repeat(1000), 3));
    assertThat(checks.ask(command, real, limit))
        .isEqualTo(new Answer.Bad("o".repeat(10000) + "e".repeat(240)));

    runtime.onExec((_, _) -> new ExecResult("", "", 0));
    runtime.failNext("ExecSync", new CriException.DeadlineExceeded("ExecSync", "c", "late", null));
    assertThat(checks.ask(command, real, limit))
        .isEqualTo(new Answer.Bad("command timed out: \"sh -c check\" timed out after 1m10s"));

    for (int i = 0; i < 2; i++) {
      runtime.failNext("ExecSync", new CriException.Rejected("ExecSync", "c", "no", false, null));
    }
    assertThat(checks.ask(command, real, limit)).isEqualTo(new Answer.Good());

    for (int i = 0; i < 3; i++) {
      runtime.failNext("ExecSync", new CriException.Rejected("ExecSync", "c", "no", false, null));
    }
    assertThat(checks.ask(command, real, limit)).isEqualTo(Answer.Unsure.unknown("no"));
  }

  @Test
  void commandsAreExpandedWithTheLiteralsOfTheContainer() {
    Pod pod =
        template()
            .editSpec()
            .editFirstContainer()
            .addNewEnv()
            .withName("A")
            .withValue("1")
            .endEnv()
            .withNewLivenessProbe()
            .withNewExec()
            .withCommand("echo", "$(A)", "$(B)", "$$(A)")
            .endExec()
            .endLivenessProbe()
            .endContainer()
            .endSpec()
            .build();
    var container = pod.getSpec().getContainers().getFirst();

    assertThat(Question.of(container.getLivenessProbe(), container, ""))
        .isEqualTo(new Question.Exec(List.of("echo", "1", "$(B)", "$(A)")));
  }

  private Object next() throws InterruptedException {
    return Optional.ofNullable(told.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).orElseThrow();
  }

  /** A container that the runtime knows. */
  private ContainerId start() throws InterruptedException {
    var sandbox =
        new org.k3sjvm.cri.PodSandboxConfig(
            new org.k3sjvm.cri.PodSandboxMetadata("p", "n", "u", 0),
            "p",
            "/nowhere",
            Optional.empty(),
            List.of(),
            java.util.Map.of(),
            java.util.Map.of(),
            org.k3sjvm.cri.LinuxSandboxConfig.DEFAULT);
    runtime.images().add("image");
    SandboxId in = runtime.runPodSandbox(sandbox, "");
    ContainerId made =
        runtime.createContainer(
            in,
            ContainerConfig.builder(
                    new ContainerMetadata("c", 0), org.k3sjvm.cri.ImageSpec.of("image"))
                .build(),
            sandbox);
    runtime.startContainer(made);
    return made;
  }

  private static PodBuilder template() {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .withUid("u1")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("app")
        .endContainer()
        .endSpec();
  }

  private static DesiredPod pod(int port) {
    return DesiredPod.of(
        template()
            .editSpec()
            .editFirstContainer()
            .withNewReadinessProbe()
            .withPeriodSeconds(1)
            .withFailureThreshold(1)
            .withNewHttpGet()
            .withNewPort(port)
            .endHttpGet()
            .endReadinessProbe()
            .endContainer()
            .endSpec()
            .build());
  }

  private ObservedPod runs() {
    Instant now = Instant.now();
    SandboxId sandbox = new SandboxId("s1");
    return new ObservedPod(
        List.of(new ObservedSandbox(sandbox, 0, true, now, false, List.of("127.0.0.1"))),
        List.of(
            new ObservedContainer(
                id,
                sandbox,
                "app",
                0,
                ContainerState.RUNNING,
                Optional.empty(),
                now,
                Optional.of(now),
                Optional.empty(),
                0,
                "",
                "",
                "",
                "",
                "")));
  }

  private static PodStatus started(boolean started) {
    ContainerStatus container = new ContainerStatus();
    container.setName("app");
    container.setStarted(started);
    PodStatus status = new PodStatus();
    status.setContainerStatuses(List.of(container));
    return status;
  }
}
