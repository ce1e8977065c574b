package org.k3sjvm.kubelet.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kubelet.image.CredentialProvider.TokenAttributes;
import org.k3sjvm.kubelet.pod.PodEvent;

/** Providers are shell scripts that write down what they are asked. */
@Timeout(60)
class CredentialProvidersTest {
  private static final String V1 = "credentialprovider.kubelet.k8s.io/v1";

  @TempDir Path directory;

  private final ManualTime time = new ManualTime(Instant.EPOCH);
  private final List<PodEvent> events = new ArrayList<>();
  private final Accounts accounts = new Accounts();

  private static final class Accounts implements ProviderAccounts {
    private Map<String, String> annotations = Map.of("role", "reader");
    private int tokens;

    @Override
    public Optional<Account> find(String namespace, String name) {
      return name.equals("gone")
          ? Optional.empty()
          : Optional.of(new Account("u-" + name, annotations));
    }

    @Override
    public Secret token(TokenOrder order) {
      return new Secret(
          "token-"
              + order.account()
              + "-"
              + order.audience()
              + "-"
              + order.podUid()
              + "-"
              + ++tokens);
    }
  }

  private void script(String text) throws IOException {
    Path file = directory.resolve("p");
    Files.writeString(file, "#!/bin/sh\n" + text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Writes its questions to a file and answers with a login. */
  private void answer(String scope, String rest) throws IOException {
    script(
        "cat >> \"$ASKED\"; echo >> \"$ASKED\"; echo"
            + " '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\""
            + V1
            + "\",\"cacheKeyType\":\""
            + scope
            + "\",\"auth\":{\"*.example\":{\"username\":\"u\",\"password\":\"p\"}}"
            + rest
            + "}'");
  }

  private List<String> asked() throws IOException {
    Path file = directory.resolve("asked");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  private CredentialProvider provider(Duration keep, Optional<TokenAttributes> attributes) {
    return new CredentialProvider(
        "p",
        List.of("*.example"),
        keep,
        V1,
        List.of("get", "login"),
        Map.of("ASKED", directory.resolve("asked").toString()),
        attributes);
  }

  private PullCredentials credentials(Duration keep, Optional<TokenAttributes> attributes) {
    CredentialProvider provider = provider(keep, attributes);
    return new PullCredentials(
        (_, _) -> new PullSecrets.Found(List.of(), List.of()),
        new NodeLogins(List.of(), List.of(), time),
        List.of(
            new ProviderLogins(
                provider, new ProviderProgram(directory, provider), accounts, time)));
  }

  private static Pod pod(String uid, String account) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("shop")
        .withName("web")
        .withUid(uid)
        .endMetadata()
        .withNewSpec()
        .withServiceAccountName(account)
        .endSpec()
        .build();
  }

  private List<String> users(PullCredentials credentials, String repository)
      throws InterruptedException {
    return users(credentials, repository, pod("u1", ""));
  }

  private List<String> users(PullCredentials credentials, String repository, Pod pod)
      throws InterruptedException {
    return credentials.find(pod, repository, events::add).stream()
        .map(c -> c.auth().username())
        .toList();
  }

  @Test
  void isAskedOnStandardInputOnlyForItsRegistries() throws Exception {
    answer("Image", "");
    PullCredentials credentials = credentials(Duration.ZERO, Optional.empty());

    assertThat(users(credentials, "reg.example/a")).containsExactly("u");
    assertThat(users(credentials, "reg.other/a")).isEmpty();
    assertThat(asked())
        .containsExactly(
            "{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\""
                + V1
                + "\",\"image\":\"reg.example/a\"}");
  }

  @ParameterizedTest
  @CsvSource({"Image, 3", "Registry, 2", "Global, 1"})
  void anAnswerIsKeptForWhatItIsFor(String scope, int questions) throws Exception {
    answer(scope, "");
    PullCredentials credentials = credentials(Duration.ofHours(1), Optional.empty());
    for (int i = 0; i < 2; i++) {
      for (String repository : List.of("a.example/1", "a.example/2", "b.example/1")) {
        assertThat(users(credentials, repository)).containsExactly("u");
      }
    }
    assertThat(asked()).hasSize(questions);
  }

  @ParameterizedTest
  @CsvSource({
    "'', 3600, 1",
    "'', 3601, 2",
    "'\"cacheDuration\":\"10s\"', 11, 2",
    "'\"cacheDuration\":\"0s\"', 0, 2"
  })
  void anAnswerIsKeptForAsLongAsItSays(String duration, long later, int questions)
      throws Exception {
    answer("Image", duration.isEmpty() ? "" : "," + duration);
    PullCredentials credentials = credentials(Duration.ofHours(1), Optional.empty());
    users(credentials, "a.example/1");
    time.advance(Duration.ofSeconds(later));
    users(credentials, "a.example/1");

    assertThat(asked()).hasSize(questions);
  }

  @Test
  void actsInTheNameOfServiceAccounts() throws Exception {
    answer("Image", "");
    PullCredentials credentials =
        credentials(
            Duration.ofHours(1),
            Optional.of(
                new TokenAttributes("aud", true, false, List.of("role"), List.of("absent"))));

    List<Credential> found = credentials.find(pod("u1", "sa"), "a.example/1", events::add);
    users(credentials, "a.example/1", pod("u2", "sa"));
    users(credentials, "a.example/1", pod("u3", "other"));

    assertThat(found)
        .extracting(Credential::source)
        .containsExactly(new Credential.Source.ServiceAccount("u-sa", "shop", "sa"));
    assertThat(asked()).hasSize(2);
    assertThat(asked().getFirst())
        .contains("\"serviceAccountToken\":\"token-sa-aud-u1-1\"")
        .contains("\"serviceAccountAnnotations\":{\"role\":\"reader\"}");
    assertThat(users(credentials, "a.example/1", pod("u4", ""))).isEmpty();
    assertThat(users(credentials, "a.example/1", pod("u4", "gone"))).isEmpty();
    accounts.annotations = Map.of();
    assertThat(users(credentials, "b.example/1", pod("u5", "sa"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "echo hunter2",
        "echo '{\"kind\":\"Pod\"}'",
        "exit 3",
        "echo '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" + V1 + "\"}'",
        "head -c 3000000 /dev/zero",
        "kill -9 $$"
      })
  void oneThatFailsHasNoLogins(String text) throws Exception {
    script(text);

    assertThat(users(credentials(Duration.ZERO, Optional.empty()), "a.example/1")).isEmpty();
  }

  @Test
  void whatItPrintsIsNotShown() throws Exception {
    script("cat > /dev/null; echo '{\"password\": hunter2}'");

    assertThatThrownBy(
            () ->
                new ProviderProgram(directory, provider(Duration.ZERO, Optional.empty()))
                    .ask(new ProviderProgram.Request("a.example/1", Optional.empty(), Map.of())))
        .hasMessageEndingWith("answered what is not JSON")
        .hasNoCause();
  }

  @Test
  void oneThatHangsIsEnded() throws Exception {
    script("echo $$ > \"$ASKED\"; sleep 1000");

    assertThatThrownBy(
            () ->
                new ProviderProgram(
                        directory,
                        provider(Duration.ZERO, Optional.empty()),
                        Duration.ofMillis(500))
                    .ask(new ProviderProgram.Request("a.example/1", Optional.empty(), Map.of())))
        .hasMessageContaining("did not answer within 500ms");
    if (!asked().isEmpty()) {
      ProcessHandle.of(Long.parseLong(asked().getFirst()))
          .ifPresent(p -> assertThat(p.onExit()).succeedsWithin(Duration.ofSeconds(10)));
    }
  }

  @Test
  void secretsComeBeforeTheNodesAndThoseBeforeProviders() throws Exception {
    answer("Image", "");
    Path config = directory.resolve("config.json");
    Files.writeString(config, "{\"auths\":{\"a.example\":{\"username\":\"node\"}}}");
    CredentialProvider provider = provider(Duration.ZERO, Optional.empty());
    PullSecrets secrets =
        (namespace, names) ->
            new PullSecrets.Found(
                List.of(
                    new PullSecrets.PullSecret(
                        "u",
                        namespace,
                        names.getFirst(),
                        false,
                        new Secret("{\"auths\":{\"a.example/1\":{\"username\":\"pod\"}}}"))),
                List.of("absent"));
    PullCredentials credentials =
        new PullCredentials(
            secrets,
            new NodeLogins(List.of(directory.resolve("none"), config), List.of(), time),
            List.of(
                new ProviderLogins(
                    provider, new ProviderProgram(directory, provider), accounts, time)));
    Pod pod =
        new PodBuilder(pod("u1", ""))
            .editSpec()
            .addNewImagePullSecret("there")
            .addNewImagePullSecret("absent")
            .addNewImagePullSecret("")
            .endSpec()
            .build();

    assertThat(users(credentials, "a.example/1", pod)).containsExactly("pod", "node", "u");
    assertThat(events)
        .extracting(PodEvent::message)
        .containsExactly(
            "Unable to retrieve some image pull secrets (absent); attempting to pull the image may"
                + " not succeed.");
  }

  @Test
  void aSecretThatCannotBeReadIsNamedAndNotShown() {
    PullCredentials credentials =
        new PullCredentials(
            (namespace, names) ->
                new PullSecrets.Found(
                    List.of(
                        new PullSecrets.PullSecret(
                            "u", namespace, names.getFirst(), true, new Secret("hunter2"))),
                    List.of()),
            new NodeLogins(List.of(), List.of(), time),
            List.of());
    Pod pod = new PodBuilder(pod("u1", "")).editSpec().addNewImagePullSecret("s").endSpec().build();

    assertThatThrownBy(() -> credentials.find(pod, "a.example/1", events::add))
        .hasMessage("cannot read image pull secret shop/s: not JSON");
  }

  private static String user(NodeLogins logins) {
    return Objects.requireNonNull(logins.logins().get("r")).username();
  }

  @Test
  void theNodesLoginsAreThoseOfTheFirstReadableFileAndReadAgainLater() throws Exception {
    Path bad = Files.writeString(directory.resolve("bad"), "hunter2");
    Path legacy = Files.writeString(directory.resolve("old"), "{\"r\":{\"username\":\"old\"}}");
    Path good = directory.resolve("good");
    NodeLogins logins = new NodeLogins(List.of(bad, directory, good), List.of(legacy), time);
    assertThat(user(logins)).isEqualTo("old");

    Files.writeString(good, "{\"auths\":{\"r\":{\"username\":\"new\"}}}");
    assertThat(user(logins)).isEqualTo("old");
    time.advance(Duration.ofMinutes(5));
    assertThat(user(logins)).isEqualTo("new");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "a b"})
  void badNamesOfProgramsAreRefused(String name) {
    assertThatThrownBy(
            () ->
                new CredentialProvider(
                    name, List.of("a"), Duration.ZERO, V1, List.of(), Map.of(), Optional.empty()))
        .hasMessageContaining("name must be that of a file");
  }
}
