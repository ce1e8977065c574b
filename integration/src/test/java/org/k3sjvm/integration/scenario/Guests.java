package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.k3sjvm.integration.lab.LabException;

/** What {@code scripts/guests.sh} made, in the directory that {@code K3S_GUESTS} names. */
final class Guests {
  private static final String IMAGES = "images";
  private static final String SYSTEM = "kube-system";

  private Guests() {}

  /** Gives the nodes that follow the guests' images. */
  static void stock(Cluster cluster) {
    Path images = Path.of(System.getenv("K3S_GUESTS")).resolve(IMAGES);
    try (var archives = Files.list(images)) {
      for (Path archive : archives.filter(file -> file.toString().endsWith(".tar")).toList()) {
        Files.createSymbolicLink(cluster.images().resolve(archive.getFileName()), archive);
      }
    } catch (IOException e) {
      throw new LabException("cannot read " + images + "; run scripts/guests.sh", e);
    }
  }

  /** Skips a test whose guest could not be built. */
  static void need(String guest) {
    Path archive = Path.of(System.getenv("K3S_GUESTS")).resolve(IMAGES).resolve(guest + ".tar");
    Assumptions.assumeTrue(Files.exists(archive), guest + " was not built: " + archive);
  }

  /** Waits until pods of a Deployment or DaemonSet of kube-system are all Ready. */
  static void awaitRollout(Cluster cluster, String object) throws InterruptedException {
    cluster.kubectl().text("-n", SYSTEM, "wait", "--for=create", object, "--timeout=90s");
    var rolled = cluster.kubectl().run("-n", SYSTEM, "rollout", "status", object, "--timeout=100s");
    assertThat(rolled.succeeded()).as(() -> rolled.error() + told(cluster)).isTrue();
  }

  /** Objects of a file beside the tests. */
  static String yaml(String file) {
    try (InputStream in =
        Objects.requireNonNull(Guests.class.getResourceAsStream("guests/" + file), file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new LabException("cannot read " + file, e);
    }
  }

  private static String told(Cluster cluster) {
    try {
      StringBuilder told = new StringBuilder();
      for (List<String> question :
          List.of(List.of("describe", "pods"), List.of("get", "events"), List.of("get", "all"))) {
        String[] command = {"-n", SYSTEM, question.getFirst(), question.getLast()};
        told.append(cluster.kubectl().run(command).output());
      }
      return told.toString();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
