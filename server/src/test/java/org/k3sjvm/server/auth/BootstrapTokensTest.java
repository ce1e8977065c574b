package org.k3sjvm.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.tree.Trees;

class BootstrapTokensTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");
  private static final String SECRET = "0123456789abcdef";

  private final Map<String, String> data =
      new TreeMap<>(
          Map.of(
              "token-id", "abcdef",
              "token-secret", SECRET,
              "usage-bootstrap-authentication", "true",
              "expiration", "2030-01-01T00:00:01Z",
              "auth-extra-groups", "system:bootstrappers:k3s:default-node-token"));

  private ObjectNode secret(String name, String type) {
    ObjectNode secret = Trees.object().put("type", type);
    secret.putObject("metadata").put("name", name);
    ObjectNode encoded = secret.putObject("data");
    data.forEach(
        (key, value) ->
            encoded.put(key, Base64.getEncoder().encodeToString(value.getBytes(UTF_8))));
    return secret;
  }

  private Optional<User> user(String given) {
    ObjectNode secret = secret("bootstrap-token-abcdef", BootstrapTokens.SECRET_TYPE);
    return BootstrapTokens.user(secret, "abcdef", given, NOW);
  }

  @Test
  void whoHasTheTokenIsABootstrapper() {
    assertThat(user(SECRET))
        .hasValueSatisfying(
            user -> {
              assertThat(user.name()).isEqualTo("system:bootstrap:abcdef");
              assertThat(user.groups())
                  .containsExactly(
                      "system:bootstrappers",
                      "system:bootstrappers:k3s:default-node-token",
                      "system:authenticated");
            });
    assertThat(user("0123456789abcdeX")).isEmpty();
    assertThat(user("")).isEmpty();
  }

  @Test
  void aTokenEndsAndOneWithoutAnEndDoesNot() {
    data.put("expiration", "2030-01-01T00:00:00Z");
    assertThat(user(SECRET)).isEmpty();
    data.put("expiration", "tomorrow");
    assertThat(user(SECRET)).isEmpty();
    data.remove("expiration");
    assertThat(user(SECRET)).isPresent();
  }

  @Test
  void whatIsNoTokenForThisLetsNobodyIn() {
    assertThat(
            BootstrapTokens.user(secret("bootstrap-token-abcdef", "Opaque"), "abcdef", SECRET, NOW))
        .isEmpty();
    assertThat(
            BootstrapTokens.user(
                secret("mine", BootstrapTokens.SECRET_TYPE), "abcdef", SECRET, NOW))
        .isEmpty();
    for (Map.Entry<String, String> bad :
        Map.of(
                "token-id", "abcdeX",
                "token-secret", "",
                "usage-bootstrap-authentication", "false",
                "auth-extra-groups", "system:masters")
            .entrySet()) {
      String good = data.put(bad.getKey(), bad.getValue());
      assertThat(user(bad.getKey().equals("token-secret") ? "" : SECRET)).isEmpty();
      data.put(bad.getKey(), String.valueOf(good));
    }
  }
}
