package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.LabException;
import org.k3sjvm.integration.lab.Result;

/**
 * Pods that mean harm: each comes to what {@link HostileMatrix} says, and neither the agent, nor
 * the other pods, nor a file outside the pod's directory suffers. All run beside each other.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
abstract class HostileScenarios {
  private static final String NODE = "n1";
  private static final int RACERS = 1;
  private static final int TRIES = 8;
  private static final String MANIFESTS = "/etc/rancher/manifests";
  private static final String BYSTANDER =
      "{.metadata.uid} {.status.podIP} {.status.containerStatuses[*].containerID}"
          + " {.status.containerStatuses[*].restartCount} {.status.conditions[*].status}";

  private final ServerKind kind;
  private Cluster cluster;
  private Node node;
  private HostProcess agent;
  private Path bait;
  private Map<String, String> baited;
  private String bystander;
  private String refusals;
  private PodsSeen seen;
  private NodeRemains remains;

  HostileScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void letThemIn() throws InterruptedException, IOException {
    cluster = Cluster.start(kind, "hostile");
    node = cluster.host(NODE);
    Path manifests = Files.createDirectories(node.host().path(MANIFESTS));
    bait = Files.createDirectory(node.host().home().resolve("bait"));
    Files.writeString(bait.resolve("file"), "secret of the host");
    baited = listing(bait);
    agent = node.startUp("--kubelet-arg", "pod-manifest-path=" + MANIFESTS);
    node.awaitReady(cluster);
    remains = NodeRemains.before(node, NodeRemains.SOCKET);
    cluster.run(Yaml.pod("bystander", NODE, "exec sleep 100000"), "bystander");
    bystander = cluster.get("pod/bystander", BYSTANDER);
    seen = new PodsSeen(cluster.kubectl());
    cluster.kubectl().text("create", "configmap", "some", "--from-literal=a=b");
    cluster.kubectl().text("create", "secret", "generic", "some", "--from-literal=a=b");
    bigConfigMap();
    HostileManifests.write(manifests, bait);
    refusals = create();
    System.out.println(refusals);
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  static Stream<HostileRow> rows() {
    return HostileMatrix.rows().stream();
  }

  @ParameterizedTest
  @MethodSource("rows")
  @Order(1)
  void comesToWhatItDeserves(HostileRow row) throws InterruptedException {
    Optional<String> refusal = refusal(row);
    if (refusal.isPresent()) {
      assertThat(row.refusal()).as(refusal.get()).isPresent();
      if (kind == ServerKind.UPSTREAM) {
        assertThat(refusal.get()).contains(row.refusal().orElseThrow());
      }
      return;
    }
    HostileRow.Outcome outcome = outcome(row);
    Await.until(
        row.name() + " comes to " + outcome,
        Cluster.PATIENCE.multipliedBy(2), // many events come late on a busy machine
        () -> {
          if (!reached(row.name(), outcome)) {
            throw new LabException(seen.describe(row.name()));
          }
          return true;
        });
  }

  /** What the server said when it refused it, if it did. */
  private Optional<String> refusal(HostileRow row) {
    return refusals
        .lines()
        .filter(
            line ->
                line.contains("\"" + row.name() + "\"")
                    || row.refusal().filter(r -> !r.isEmpty() && line.endsWith(r)).isPresent())
        .findFirst();
  }

  /** A real server that does not refuse drops what it does not know, and nothing is left of it. */
  private HostileRow.Outcome outcome(HostileRow row) {
    return kind == ServerKind.UPSTREAM && row.refusal().isPresent()
        ? HostileRow.runs()
        : row.outcome();
  }

  private boolean reached(String name, HostileRow.Outcome outcome) throws InterruptedException {
    Optional<PodStatus> pod = seen.pod(name);
    return switch (outcome) {
      case HostileRow.Outcome.Runs _ -> pod.filter(PodsSeen::isReady).isPresent();
      case HostileRow.Outcome.Stuck(String reason, String message) ->
          pod.stream().flatMap(PodsSeen::troubles).anyMatch(t -> t.fits(reason, message));
      case HostileRow.Outcome.Told(String reason, String message) ->
          seen.events(name).anyMatch(t -> t.fits(reason, message));
      case HostileRow.Outcome.Ended(String phase, String reason) ->
          pod.filter(
                  p ->
                      phase.equals(p.getPhase())
                          && reason.equals(Objects.requireNonNullElse(p.getReason(), "")))
              .isPresent();
    };
  }

  @ParameterizedTest
  @MethodSource("manifests")
  @Order(2)
  void aManifestThatIsNoPodIsNamedInTheLog(HostileManifests.Manifest manifest)
      throws InterruptedException {
    agent.awaitLog("cannot use manifest[^\n]*" + Pattern.quote(manifest.name()), Cluster.PATIENCE);
  }

  static Stream<HostileManifests.Manifest> manifests() {
    return HostileManifests.BAD.stream();
  }

  @Test
  @Order(3)
  void aGoodManifestBetweenBadOnesRuns() throws InterruptedException {
    cluster.awaitReady("good-" + NODE);
  }

  @Test
  @Order(4)
  void aPartOfAVolumeStaysInsideWhileItsDirectoryIsSwappedForALink()
      throws InterruptedException, IOException {
    Path shared = node.host().home().resolve("shared");
    Files.createDirectories(shared.resolve("dir/sub"));
    String volume = "volumes: [{name: v, hostPath: {path: " + shared + "}}]";
    String swap =
        "i=0; while true; do i=$((i+1)); mv -T /v/dir /v/real.$i; ln -snT "
            + bait
            + " /v/dir; mv -T /v/dir /v/l; mv -T /v/real.$i /v/dir || { mv -T /v/dir /v/made.$i;"
            + " mv -T /v/real.$i /v/dir; }; done";
    apply(
        HostileRow.row(
            "swapper",
            volume
                + "\n"
                + HostileRow.solo(
                    "command: [sh, -c, '" + swap + " 2> /dev/null']",
                    "volumeMounts: [{name: v, mountPath: /v}]"),
            HostileRow.runs()));
    cluster.awaitReady("swapper");
    List<String> racers = new ArrayList<>();
    for (int pod = 0; pod < RACERS; pod++) {
      String containers =
          String.join(
              ", ",
              IntStream.range(0, TRIES)
                  .mapToObj(
                      i ->
                          HostileRow.container(
                              "c" + i,
                              "command: [sh, -c, 'ls /m /n; cat /m/file /n/file; exec sleep"
                                  + " 100000']",
                              "volumeMounts: [{name: v, mountPath: /m, subPath: dir}, {name: v,"
                                  + " mountPath: /n, subPath: dir/new"
                                  + i
                                  + "}]"))
                  .toList());
      racers.add("racer-" + pod);
      apply(
          HostileRow.row(
              "racer-" + pod, volume + "\ncontainers: [" + containers + "]", HostileRow.runs()));
    }
    Await.until(
        "every container was tried",
        Cluster.PATIENCE,
        () -> {
          for (String racer : racers) {
            long tried =
                seen.pod(racer).orElseThrow().getContainerStatuses().stream()
                    .filter(HostileScenarios::wasTried)
                    .count();
            if (tried < TRIES) {
              throw new LabException(seen.describe(racer));
            }
          }
          return true;
        });
    for (String racer : racers) {
      assertThat(cluster.kubectl().run("logs", racer, "--all-containers", "--prefix").output())
          .doesNotContain("secret of the host");
    }
    assertThat(listing(bait)).isEqualTo(baited);
    cluster.kubectl().text("delete", "pod", "swapper", "racer-0", "--wait=false");
  }

  private static boolean wasTried(ContainerStatus status) {
    return status.getState().getWaiting() == null
        || !status.getState().getWaiting().getReason().equals("ContainerCreating");
  }

  @Test
  @Order(5)
  void logsThatWereSwappedForPipesAndLinksHarmNobody() throws InterruptedException {
    String logs = "volumes: [{name: v, hostPath: {path: /var/log/pods}}]\n";
    List<String> swaps =
        List.of("mkfifo 0.log", "ln -s " + bait + "/file 0.log", "mknod 0.log c 1 5");
    List<String> names =
        swaps.stream().map(as -> "log-by-" + as.substring(0, as.indexOf(' '))).toList();
    for (int i = 0; i < swaps.size(); i++) {
      apply(
          HostileRow.row(
              names.get(i),
              logs
                  + HostileRow.solo(
                      "command: [sh, -c, 'echo hello; cd /v/default_"
                          + names.get(i)
                          + "_*/main; rm 0.log; "
                          + swaps.get(i)
                          + "; touch /tmp/done; exec sleep 100000']",
                      "readinessProbe: {periodSeconds: 1, exec: {command: [test, -e, /tmp/done]}}",
                      "volumeMounts: [{name: v, mountPath: /v}]"),
              HostileRow.runs()));
    }
    cluster.awaitReady(names.toArray(String[]::new));
    for (int round = 0; round < 2; round++) { // each pipe that is waited for could hold a thread
      for (String name : names) {
        Result shown =
            cluster.kubectl().run("logs", name, "--request-timeout=2s", "--limit-bytes=1000");
        assertThat(shown.output()).doesNotContain("secret of the host").doesNotContain("\0");
      }
    }
    assertThat(cluster.kubectl().run("exec", "bystander", "--", "echo", "well").output())
        .contains("well");
  }

  @Test
  @Order(6)
  void nobodyElseHasSuffered() throws InterruptedException, IOException {
    assertThat(agent.isAlive()).isTrue();
    assertThat(agent.said()).doesNotContain("pod worker failed");
    assertThat(cluster.get("pod/bystander", BYSTANDER)).isEqualTo(bystander);
    assertThat(listing(bait)).isEqualTo(baited);
  }

  @Test
  @Order(7)
  void nothingOfThemIsLeft() throws InterruptedException, IOException {
    Files.delete(node.host().path(MANIFESTS + "/" + HostileManifests.GOOD));
    cluster.kubectl().text("delete", "pods", "--all", "--wait=false");
    Await.until(
        "all pods are gone",
        Cluster.PATIENCE,
        () -> {
          String left = cluster.kubectl().text("get", "pods", "-o", "name");
          if (!left.isEmpty()) {
            throw new LabException(left);
          }
          return true;
        });
    remains.awaitNone();
    assertThat(listing(bait)).isEqualTo(baited);
    assertThat(agent.isAlive()).isTrue();
  }

  private void apply(HostileRow row) throws InterruptedException {
    cluster.kubectl().apply(row.yaml(NODE).replace("BAIT", bait.toString()));
  }

  /** Creates all that the server takes, and returns what it says of the others. */
  private String create() throws InterruptedException, IOException {
    StringBuilder yaml = new StringBuilder();
    HostileMatrix.rows()
        .forEach(row -> yaml.append(row.yaml(NODE).replace("BAIT", bait.toString())));
    Path file = node.host().home().resolve("hostile.yaml");
    Files.writeString(file, yaml);
    return cluster.kubectl().run("create", "--validate=false", "-f", file.toString()).error();
  }

  private void bigConfigMap() throws InterruptedException, IOException {
    StringBuilder yaml =
        new StringBuilder("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n");
    for (int i = 0; i < 9; i++) {
      yaml.append("  k").append(i).append(": ").append("y".repeat(100_000)).append('\n');
    }
    Path file = node.host().home().resolve("big.yaml");
    Files.writeString(file, yaml);
    cluster.kubectl().text("create", "-f", file.toString());
  }

  /** Every file of a tree with its mode, size and time. */
  private static Map<String, String> listing(Path root) throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(root)) {
      for (Path path : (Iterable<Path>) walk::iterator) {
        Map<String, Object> is =
            Files.readAttributes(path, "unix:mode,size,lastModifiedTime,uid,gid");
        all.put(root.relativize(path).toString(), new TreeMap<>(is).toString());
      }
    }
    return all;
  }
}
