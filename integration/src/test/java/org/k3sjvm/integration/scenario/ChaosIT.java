package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxState;
import org.k3sjvm.cri.grpc.CriChannel;
import org.k3sjvm.cri.grpc.CriEndpoint;
import org.k3sjvm.cri.grpc.CriTimeouts;
import org.k3sjvm.cri.grpc.GrpcContainerRuntime;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.LabException;

/**
 * Pods of many kinds while the runtime fails, lies, or the agent is killed, at random from a seed:
 * in the end every pod is what it should be, and once deleted nothing of it is left.
 *
 * <p>{@code -Dchaos.seed=N} takes another seed, {@code -Dchaos.rounds=N} goes on for longer, {@code
 * -Dchaos.pods=N} and {@code -Dchaos.percent=N} make it harder.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(3600)
class ChaosIT {
  private static final long SEED = Long.getLong("chaos.seed", 4);
  private static final int ROUNDS = Integer.getInteger("chaos.rounds", 1);
  private static final int PODS = Integer.getInteger("chaos.pods", 6);
  private static final int PERCENT = Integer.getInteger("chaos.percent", 40);
  private static final int KILLS = 5;
  private static final int LONGEST_LIFE_MILLIS = 3000;
  private static final Duration TROUBLE = Duration.ofSeconds(6);

  private Cluster cluster;
  private Node node;
  private HostProcess agent;
  private Path socket;
  private FaultyRuntime runtime;
  private PodsSeen seen;
  private MixedPods pods;
  private NodeRemains remains;

  @BeforeAll
  void start() throws InterruptedException, IOException {
    cluster = Cluster.start(ServerKind.EMBEDDED, "chaos");
    node = cluster.host("n1");
    Path real = OwnRuntime.start(node.host(), cluster.images());
    socket = node.host().home().resolve("faulty.sock");
    runtime = FaultyRuntime.between(socket, real);
    startAgent();
    node.awaitReady(cluster);
    remains = NodeRemains.before(node, real.toString());
    seen = new PodsSeen(cluster.kubectl());
    pods = new MixedPods(node.name(), Files.createDirectory(node.host().home().resolve("starts")));
    Files.setAttribute(pods.starts(), "unix:mode", 0777);
    cluster.kubectl().apply(MixedPods.OBJECTS);
  }

  @AfterAll
  void end() {
    if (runtime != null) {
      runtime.close();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  @Order(1)
  void aRuntimeThatFailsHangsAndLosesAnswersCostsNoPodARestart()
      throws InterruptedException, IOException {
    for (int round = 0; round < ROUNDS; round++) {
      throughTrouble("fail" + round, true, Faults.honest(SEED + round, PERCENT));
    }
    assertThat(pods.beganAgain()).as("seed %s, %s", SEED, runtime.summary()).isEmpty();
  }

  @Test
  @Order(2)
  void aRuntimeThatAnswersRubbishHoldsNobodyUpForEver() throws InterruptedException, IOException {
    for (int round = 0; round < ROUNDS; round++) {
      throughTrouble("lie" + round, false, Faults.lies(SEED + round, PERCENT));
    }
  }

  @Test
  @Order(3)
  void anAgentThatIsKilledAgainAndAgainStartsNothingTwice()
      throws InterruptedException, IOException {
    Random random = new Random(SEED);
    String yaml = yaml("kill");
    cluster.kubectl().apply(yaml);
    for (int kill = 0; kill < KILLS * ROUNDS; kill++) {
      pause(Duration.ofMillis(random.nextInt(LONGEST_LIFE_MILLIS)));
      agent.kill();
      startAgent();
    }
    awaitAsWanted("kill", true);
    deleteAll();
    awaitGone();
    assertThat(pods.beganAgain().stream().filter(c -> c.startsWith("kill")))
        .as("seed %s", SEED)
        .isEmpty();
  }

  /** Pods come and go in trouble; when it is over all is as wanted. */
  private void throughTrouble(String group, boolean once, Faults faults)
      throws InterruptedException, IOException {
    System.out.println(group + ": seed " + SEED + ", " + PODS + " pods, " + PERCENT + " %");
    runtime.follow(faults);
    cluster.kubectl().apply(yaml(group));
    pause(TROUBLE);
    cluster.kubectl().text("delete", "pod", pods.name(group, 0), "--wait=false");
    pause(TROUBLE.dividedBy(2));
    runtime.follow(Faults.NONE);
    awaitAsWanted(group, once);
    runtime.follow(faults);
    deleteAll();
    pause(TROUBLE.dividedBy(2));
    runtime.follow(Faults.NONE);
    System.out.println(group + ": " + runtime.summary());
    awaitGone();
    assertThat(agent.isAlive()).isTrue();
    assertThat(agent.said()).doesNotContain("pod worker failed");
  }

  private String yaml(String group) {
    return String.join("", IntStream.range(0, PODS).mapToObj(i -> pods.yaml(group, i)).toList());
  }

  private void startAgent() throws InterruptedException {
    agent = node.start("--container-runtime-endpoint", "unix://" + socket);
  }

  private void awaitAsWanted(String group, boolean once) throws InterruptedException {
    Await.until(
        "all pods of " + group + " are as wanted, seed " + SEED,
        Cluster.PATIENCE,
        () -> {
          for (int i = 0; i < PODS; i++) {
            String name = pods.name(group, i);
            Optional<PodStatus> status = seen.pod(name);
            if (status.isEmpty()) {
              if (i != 0) {
                throw new LabException(name + " is gone");
              }
              continue;
            }
            boolean fine =
                MixedPods.ends(i)
                    ? "Succeeded".equals(status.get().getPhase())
                    : PodsSeen.isReady(status.get());
            if (!fine) {
              throw new LabException(seen.describe(name));
            }
            if (once && restarts(status.get()) > 0) {
              throw new LabException("restarted: " + seen.describe(name));
            }
          }
          nothingRunsTwice();
          return true;
        });
  }

  private static int restarts(PodStatus status) {
    return status.getContainerStatuses().stream().mapToInt(c -> c.getRestartCount()).sum();
  }

  private void nothingRunsTwice() throws InterruptedException {
    try (CriChannel channel = CriChannel.open(new CriEndpoint(socket))) {
      GrpcContainerRuntime shown = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
      Map<String, Integer> running = new HashMap<>();
      for (PodSandbox s : shown.listPodSandboxes(SandboxFilter.ALL)) {
        if (s.state() == SandboxState.READY) {
          running.merge(s.metadata().uid(), 1, Integer::sum);
        }
      }
      for (Container c : shown.listContainers(ContainerFilter.ALL)) {
        if (c.state() == ContainerState.RUNNING) {
          String pod = c.labels().get("io.kubernetes.pod.name");
          running.merge(pod + "/" + c.metadata().name(), 1, Integer::sum);
        }
      }
      List<String> twice =
          running.entrySet().stream().filter(e -> e.getValue() > 1).map(Object::toString).toList();
      if (!twice.isEmpty()) {
        throw new LabException("runs twice: " + twice);
      }
    }
  }

  private void deleteAll() throws InterruptedException {
    cluster.kubectl().text("delete", "pods", "--all", "--wait=false");
  }

  private void awaitGone() throws InterruptedException {
    Await.until(
        "all pods are gone, seed " + SEED,
        Cluster.PATIENCE,
        () -> {
          String left = cluster.kubectl().text("get", "pods", "-o", "name");
          if (!left.isEmpty()) {
            throw new LabException(left);
          }
          return true;
        });
    remains.awaitNone();
  }

  private static void pause(Duration time) throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    Await.until("a while has passed", time.plusSeconds(5), () -> System.nanoTime() > end);
  }
}
