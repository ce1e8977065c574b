package org.k3sjvm.kubelet.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.cri.RegistryAuth;

class KeyringTest {
  private static final Credential.Source NODE = new Credential.Source.Node();

  private static List<String> users(Keyring keyring, String repository) {
    return keyring.of(repository).stream().map(c -> c.auth().username()).toList();
  }

  private static String login(String user) {
    return "{\"auth\":\""
        + Base64.getEncoder().encodeToString((user + ":p").getBytes(StandardCharsets.UTF_8))
        + "\"}";
  }

  @ParameterizedTest
  @CsvSource({
    "https://index.docker.io/v1/, docker.io/library/busybox, true",
    "index.docker.io, docker.io/library/busybox, true",
    "docker.io, docker.io/library/busybox, true",
    "docker.io/library, docker.io/library/busybox, true",
    "https://index.docker.io/v1/, reg.example/busybox, false",
    "reg.example:5000, reg.example:5000/a/b, true",
    "reg.example, reg.example:5000/a/b, false",
    "reg.example:5000, reg.example/a/b, false",
    "http://reg.example/v2/, reg.example/a, true",
    "HTTPS://reg.example/v1/, reg.example/a, true",
    "*.example, reg.example/a, true",
    "*.example, a.reg.example/a, false",
    "*.*.example, a.reg.example/a, true",
    "r*g.example, reg.example/a, true",
    "r*x.example, reg.example/a, false",
    "reg.example/team, reg.example/team/app, true",
    "reg.example/team, reg.example/other/app, false",
    "'reg .example', reg.example/a, false"
  })
  void matchesByHostPortAndPath(String key, String repository, boolean matches) {
    Keyring keyring = new Keyring();
    keyring.add(DockerConfigs.read("{\"auths\":{\"" + key + "\":" + login("u") + "}}"), NODE);

    assertThat(users(keyring, repository)).isEqualTo(matches ? List.of("u") : List.of());
  }

  @Test
  void longerPathsAreTriedFirstAndEqualOnesAllOfThem() {
    Keyring keyring = new Keyring();
    keyring.add(DockerConfigs.read("{\"auths\":{\"reg.example\":" + login("host") + "}}"), NODE);
    keyring.add(
        DockerConfigs.read(
            "{\"auths\":{\"reg.example/team\":"
                + login("team")
                + ",\"https://reg.example\":"
                + login("again")
                + "}}"),
        NODE);

    assertThat(users(keyring, "reg.example/team/app")).containsExactly("team", "host", "again");
  }

  private static RegistryAuth get(Map<String, RegistryAuth> logins, String key) {
    return Objects.requireNonNull(logins.get(key));
  }

  @Test
  void readsBothFormsAndPrefersAuth() {
    Map<String, RegistryAuth> logins =
        DockerConfigs.readLegacy(
            "{\"a\":{\"username\":\"x\",\"password\":\"y\",\"auth\":\"dTpwOnE=\",\"email\":\"e\"},"
                + "\"b\":{\"username\":\"x\",\"password\":\"y\"},"
                + "\"c\":{\"auth\":\"dTpwOnE\"},"
                + "\"d\":{\"identitytoken\":\"t\"}}");

    assertThat(get(logins, "a").username()).isEqualTo("u");
    assertThat(get(logins, "a").password().reveal()).isEqualTo("p:q");
    assertThat(get(logins, "b").password().reveal()).isEqualTo("y");
    assertThat(get(logins, "c").username()).isEqualTo("u");
    assertThat(get(logins, "d").identityToken().reveal()).isEqualTo("t");
    assertThat(DockerConfigs.read("{\"HttpHeaders\":{}}")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hunter2",
        "\"hunter2\"",
        "{\"auths\":\"hunter2\"}",
        "{\"auths\":{\"r\":\"hunter2\"}}",
        "{\"auths\":{\"r\":{\"auth\":\"hunter2 !\"}}}",
        "{\"auths\":{\"r\":{\"auth\":\"aHVudGVyMg==\"}}}",
        "{\"auths\":{\"r\":{\"password\":[\"hunter2\"]}}}",
        "{\"auths\":{\"r\":{\"password\":\"hunter2\",}}}",
        "[{\"hunter2\":1}]",
        ""
      })
  void whatCannotBeReadIsRefusedAndNeverShown(String json) {
    assertThatThrownBy(() -> DockerConfigs.read(json))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .message()
        .doesNotContain("hunter2")
        .doesNotContain("aHVu");
  }

  @Test
  void deepAndLargeTextsAreRefusedWithoutHarm() {
    assertThatThrownBy(() -> DockerConfigs.read("[".repeat(1_000_000)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(
            DockerConfigs.read(
                "{\"auths\":{\"r\":{\"password\":\"" + "x".repeat(1 << 20) + "\"}}}"))
        .hasSize(1);
  }
}
