package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.image.CredentialProvider;
import org.k3sjvm.kubelet.image.ImageSettings;

/** Pulls from a registry of the test's own, by the host's containerd. */
@Tag("host")
class PodImagesIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String PROVIDER = "credentialprovider.kubelet.k8s.io/v1";

  private static String spec(String image, String podFields) {
    return "{'restartPolicy': 'Never', 'hostNetwork': true, "
        + podFields
        + " 'containers': [{'name': 'app', 'image': '"
        + image
        + "', 'imagePullPolicy': 'Always', 'command': ['sh', '-c', 'echo pulled and run']}]}";
  }

  private static void secret(RealKubelet kubelet, String name, String json)
      throws InterruptedException {
    kubelet.api.create(
        Resources.SECRETS,
        new SecretBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName(name)
            .endMetadata()
            .withType("kubernetes.io/dockerconfigjson")
            .withData(
                Map.of(
                    ".dockerconfigjson",
                    Base64.getEncoder().encodeToString(json.getBytes(StandardCharsets.UTF_8))))
            .build());
  }

  private static boolean waits(RealKubelet kubelet, String pod, String start) {
    return RealKubelet.wait(kubelet.await(pod, _ -> true))
        .filter(w -> w.startsWith(start))
        .isPresent();
  }

  @Test
  void loginsOpenWhatTheyAreForAndFailuresBackOff() throws Exception {
    PrivateContainerd containerd = PrivateContainerd.startOnHostNetwork();
    try (TinyRegistry registry = TinyRegistry.start(containerd.home());
        RealKubelet kubelet = RealKubelet.start(containerd, provider(containerd, registry))) {
      String name = registry.name();
      secret(kubelet, "good", registry.dockerConfig(TinyRegistry.goodLogin()));
      secret(kubelet, "bad", registry.dockerConfig("puller:wrong"));
      secret(kubelet, "broken", "{\"auths\": hunter2");
      kubelet.create("public", spec(name + "/open", ""));
      kubelet.create(
          "mine", spec(name + "/private/a:1", "'imagePullSecrets': [{'name': 'good'}],"));
      kubelet.create(
          "second",
          spec(
              name + "/private/b:1",
              "'imagePullSecrets': [{'name': 'bad'}, {'name': 'gone'}, {'name': 'good'}],"));
      kubelet.create("none", spec(name + "/private/c:1", ""));
      kubelet.create(
          "broken", spec(name + "/private/d:1", "'imagePullSecrets': [{'name': 'broken'}],"));
      kubelet.create("plugin", spec(name + "/private/team/e:1", ""));

      for (String pod : List.of("public", "mine", "second", "plugin")) {
        assertThat(kubelet.saidBy(pod)).isEqualTo("pulled and run\n");
      }
      assertThat(kubelet.events("public"))
          .contains("Normal Pulling Pulling image \"" + name + "/open\"")
          .anyMatch(
              e ->
                  e.matches(
                      "Normal Pulled Successfully pulled image \".*/open\" in [0-9.ms]+"
                          + " \\([0-9.ms]+ including waiting\\)\\. Image size: [0-9]+ bytes\\."));
      assertThat(registry.asked).contains("open:latest");
      kubelet.awaitEvent("second", "Unable to retrieve some image pull secrets (gone);");
      kubelet.awaitEvent("none", "Warning Failed Failed to pull image");
      kubelet.awaitEvent("none", "Warning Failed Error: ErrImagePull");
      kubelet.awaitEvent("none", "Normal BackOff Back-off pulling image");
      Eventually.holds(
          PATIENCE,
          () -> waits(kubelet, "none", "ImagePullBackOff: Back-off pulling image \"" + name),
          () -> kubelet.events("none").toString());
      assertThat(
              waits(
                      kubelet,
                      "broken",
                      "ErrImagePull: cannot read image pull secret default/broken: not JSON")
                  || waits(kubelet, "broken", "ImagePullBackOff"))
          .isTrue();
      assertThat(kubelet.events("broken").toString()).doesNotContain("hunter2");
    }
  }

  /** Knows the login of one team's images. */
  private static ImageSettings provider(PrivateContainerd containerd, TinyRegistry registry)
      throws Exception {
    String[] login = TinyRegistry.goodLogin().split(":", 2);
    Path program = containerd.home().resolve("login");
    Files.writeString(
        program,
        "#!/bin/sh\n"
            + "cat > /dev/null\n"
            + "echo '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\""
            + PROVIDER
            + "\",\"cacheKeyType\":\"Registry\",\"auth\":{\""
            + registry.name()
            + "/private/team\":{\"username\":\""
            + login[0]
            + "\",\"password\":\""
            + login[1]
            + "\"}}}'\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return ImageSettings.DEFAULT.withProviders(
        containerd.home(),
        List.of(
            new CredentialProvider(
                "login",
                List.of(registry.name()),
                Duration.ofHours(1),
                PROVIDER,
                List.of(),
                Map.of(),
                Optional.empty())));
  }

  @Test
  void pullsAreLimitedSharedAndTriedAgain() throws Exception {
    PrivateContainerd containerd = PrivateContainerd.startOnHostNetwork();
    try (TinyRegistry registry = TinyRegistry.start(containerd.home());
        RealKubelet kubelet =
            RealKubelet.start(containerd, ImageSettings.DEFAULT.withLimits(1, 0, 0))) {
      registry.held = new CountDownLatch(1);
      String name = registry.name();
      kubelet.create("one", spec(name + "/slow:1", ""));
      Eventually.holds(PATIENCE, () -> registry.asked.size() == 1, registry.asked::toString);
      kubelet.create("same", spec(name + "/slow:1", ""));
      kubelet.create("other", spec(name + "/slow:2", ""));
      kubelet.awaitEvent("same", "Normal Pulling");
      kubelet.awaitEvent("other", "Normal Pulling");
      assertThat(registry.asked)
          .as(() -> kubelet.events("one") + "" + kubelet.events("other"))
          .containsExactly("slow:1");
      registry.held.countDown();
      for (String pod : List.of("one", "same", "other")) {
        assertThat(kubelet.saidBy(pod)).isEqualTo("pulled and run\n");
      }
      assertThat(registry.asked).containsExactly("slow:1", "slow:2");

      registry.down = true;
      kubelet.create("later", spec(name + "/later:1", ""));
      kubelet.awaitEvent("later", "Normal BackOff");
      registry.down = false;
      assertThat(kubelet.saidBy("later")).isEqualTo("pulled and run\n");
    }
  }
}
