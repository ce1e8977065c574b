package org.k3sjvm.kubelet.source.fixed;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kubelet.Eventually;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.source.PodListener;

class FileSourceTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final InstantSource CLOCK = () -> Instant.parse("2026-01-01T00:00:00Z");

  @TempDir private Path directory;

  private final Heard heard = new Heard();

  @Test
  void makesAStaticPodOfAManifest() throws Exception {
    write(
        "web.yaml",
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels: {app: web}
        spec:
          hostNetwork: true
          containers:
          - name: c
            image: registry.example/web
            ports: [{containerPort: 80}]
            resources:
              limits: {cpu: 0.5, memory: 64Mi}
        """);

    look();

    Pod pod = heard.pods.getFirst().pod();
    String uid = pod.getMetadata().getUid();
    assertThat(pod.getMetadata().getName()).isEqualTo("web-node-1");
    assertThat(pod.getMetadata().getNamespace()).isEqualTo("default");
    assertThat(uid).matches("[0-9a-f]{32}");
    assertThat(pod.getMetadata().getAnnotations())
        .containsEntry("kubernetes.io/config.hash", uid)
        .containsEntry("kubernetes.io/config.source", "file")
        .containsEntry("kubernetes.io/config.seen", "2026-01-01T00:00:00Z");
    assertThat(pod.getSpec().getNodeName()).isEqualTo("Node-1");
    assertThat(pod.getSpec().getTolerations())
        .singleElement()
        .matches(t -> t.getOperator().equals("Exists") && t.getEffect().equals("NoExecute"));
    assertThat(pod.getSpec().getRestartPolicy()).isEqualTo("Always");
    assertThat(pod.getSpec().getContainers().getFirst().getImagePullPolicy()).isEqualTo("Always");
    assertThat(pod.getSpec().getContainers().getFirst().getPorts().getFirst().getHostPort())
        .isEqualTo(80);
    assertThat(pod.getSpec().getContainers().getFirst().getResources().getRequests())
        .containsEntry("cpu", new Quantity("0.5"));
    assertThat(pod.getStatus().getPhase()).isEqualTo("Pending");
  }

  @Test
  void theUidFollowsTheContent() throws Exception {
    FileSource source = source(directory);
    write("web.yaml", manifest("web", "a:1"));
    source.look(false);
    write("web.yaml", "# told otherwise\n" + manifest("web", "a:1"));
    source.look(false);
    assertThat(heard.told).hasSize(2);

    write("web.yaml", manifest("web", "a:2"));
    source.look(false);

    String first = heard.pods.getFirst().uid().value();
    String second = heard.pods.getLast().uid().value();
    assertThat(first).isNotEqualTo(second);
    assertThat(heard.told)
        .containsExactly("update web-node-1", "synced", "removed " + first, "update web-node-1");
  }

  @Test
  void oneBadFileDoesNotTouchTheOthers() throws Exception {
    write("a.yaml", manifest("a", "i:1"));
    write("b.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [");
    write("c.json", "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}");
    write("d.yaml", manifest("d", "i:1").replace("spec:", "spec:\n  serviceAccountName: x"));
    write(".hidden.yaml", manifest("hidden", "i:1"));
    write("huge.yaml", manifest("huge", "i:1") + "#".repeat(Manifests.MOST_BYTES));
    write("path.yaml", manifest("path", "i:1").replace("name: path", "name: ../../etc"));
    Files.createDirectory(directory.resolve("more"));
    write(
        "z.json",
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"z\"},"
            + "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}]}}");

    look();

    assertThat(heard.told).containsExactly("update a-node-1", "update z-node-1", "synced");
  }

  @Test
  void whatMakesNoSenseInOneFileDoesNotTouchTheOthers() throws Exception {
    String pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: ";
    write("a.yaml", pod + "{containers: [null]}");
    write("b.yaml", pod + "{containers: [{name: c, image: i, env: [null]}]}");
    write("c.yaml", pod + "{containers: [{name: c, image: i, resources: {limits: {cpu: many}}}]}");
    write(
        "d.yaml",
        pod
            + "{containers: [{name: c, image: i, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}]}");
    write("e.yaml", "[".repeat(100_000));
    write("f.yaml", "apiVersion: v1\nkind: Pod\nmetadata: &m {name: x, labels: *m}");
    write("good.yaml", pod + "{containers: [{name: c, image: i}]}");

    look();

    assertThat(heard.pods).extracting(DesiredPod::name).containsExactly("x-node-1");
  }

  @Test
  void aManifestThatWasNoPodIsOneOnceItIsRepaired() throws Exception {
    FileSource source = source(directory);
    write("web.yaml", "this is none");
    source.look(false);
    source.look(false);
    assertThat(heard.told).containsExactly("synced");

    write("web.yaml", manifest("web", "i:1"));
    source.look(false);

    assertThat(heard.told).containsExactly("synced", "update web-node-1");
  }

  @Test
  void aManifestThatIsBeingWrittenKeepsItsPod() throws Exception {
    FileSource source = source(directory);
    write("a.yaml", manifest("a", "i:1"));
    source.look(false);
    write("a.yaml", "apiVersion: v1\nkind: Po");

    source.look(true);
    assertThat(heard.told).containsExactly("update a-node-1", "synced");
    source.look(false);
    assertThat(heard.told).last().asString().startsWith("removed");
  }

  @Test
  void followsADirectoryThatComesLaterAndAFileAlone() throws Exception {
    Path later = directory.resolve("later");
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("files", source(later));
      await("synced");
      Files.createDirectory(later);
      Files.writeString(later.resolve("a.yaml"), manifest("a", "i:1"));
      await("update a-node-1");
      Files.writeString(later.resolve("b.yaml"), manifest("b", "i:1"));
      await("update b-node-1");
      String uid = heard.pods.getFirst().uid().value();
      Files.delete(later.resolve("a.yaml"));
      await("removed " + uid);
      group.start("file", source(later.resolve("b.yaml")));
      Files.move(later.resolve("b.yaml"), later.resolve("moved.yaml"));
      Eventually.holds(
          PATIENCE,
          () -> heard.told.stream().filter("update b-node-1"::equals).count() >= 2,
          heard.told::toString);
    }
  }

  private void look() throws InterruptedException {
    source(directory).look(false);
  }

  private FileSource source(Path path) {
    return new FileSource(path, "Node-1", Duration.ofSeconds(20), heard, CLOCK);
  }

  private void await(String what) {
    Eventually.holds(PATIENCE, () -> heard.told.contains(what), heard.told::toString);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  private static String manifest(String name, String image) {
    return """
    apiVersion: v1
    kind: Pod
    metadata:
      name: %s
    spec:
      containers:
      - name: c
        image: %s
    """
        .formatted(name, image);
  }

  static final class Heard implements PodListener {
    final List<String> told = new CopyOnWriteArrayList<>();
    final List<DesiredPod> pods = new CopyOnWriteArrayList<>();

    @Override
    public void update(DesiredPod pod) {
      pods.add(pod);
      told.add("update " + pod.name());
    }

    @Override
    public void removed(PodUid uid) {
      told.add("removed " + uid.value());
    }

    @Override
    public void synced() {
      told.add("synced");
    }
  }
}
