package org.k3sjvm.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.k3sjvm.agent.config.FlagValues;
import org.k3sjvm.agent.config.UsageException;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;

class TokenCommandTest {
  private static final ObjectName ABCDEF = new ObjectName("kube-system", "bootstrap-token-abcdef");
  private static final String TOKEN = "abcdef.0123456789abcdef";

  private final ManualTime time = new ManualTime(Instant.parse("2030-01-01T00:00:00Z"));
  private final FakeKubeApi api = new FakeKubeApi(time);
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();

  private String run(String verb, List<String> words, String... flags) throws InterruptedException {
    said.reset();
    new TokenCommand(api, List.of(), time, new Random(1), new PrintStream(said, true, UTF_8))
        .perform(verb, FlagValues.parse(TokenCommand.FLAGS, List.of(flags), Map.of()), words);
    return said.toString(UTF_8).strip();
  }

  private String data(String key) throws InterruptedException {
    String text = api.get(Resources.SECRETS, ABCDEF).getData().get(key);
    return text == null ? "" : new String(Base64.getDecoder().decode(text), UTF_8);
  }

  @Test
  void aTokenIsMadeForADayUnlessAskedOtherwise() throws Exception {
    assertThat(run("create", List.of(TOKEN))).isEqualTo(TOKEN);
    assertThat(api.get(Resources.SECRETS, ABCDEF).getType())
        .isEqualTo("bootstrap.kubernetes.io/token");
    assertThat(data("token-id")).isEqualTo("abcdef");
    assertThat(data("token-secret")).isEqualTo("0123456789abcdef");
    assertThat(data("expiration")).isEqualTo("2030-01-02T00:00:00Z");
    assertThat(data("usage-bootstrap-authentication")).isEqualTo("true");
    assertThat(data("auth-extra-groups")).isEqualTo("system:bootstrappers:k3s:default-node-token");
    assertThatThrownBy(() -> run("create", List.of(TOKEN)))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("abcdef exists already");
  }

  @Test
  void aTokenMayLastForEver() throws Exception {
    run("create", List.of(TOKEN), "--ttl=0", "--description=for the lab");
    assertThat(data("expiration")).isEmpty();
    assertThat(run("list", List.of()))
        .contains("abcdef    <forever>   <never>")
        .contains("authentication,signing   for the lab");
    assertThatThrownBy(() -> run("create", List.of(), "--ttl=soon"))
        .hasMessageContaining("--ttl must be a duration");
    assertThatThrownBy(() -> run("create", List.of(), "--ttl=-1h"))
        .hasMessageContaining("--ttl must be a duration");
  }

  @Test
  void tokensAreListedAndOtherSecretsAreNot() throws Exception {
    run("create", List.of(TOKEN), "--ttl=3h");
    Secret broken =
        new SecretBuilder()
            .withNewMetadata()
            .withName("bootstrap-token-broken")
            .withNamespace("kube-system")
            .endMetadata()
            .withType("bootstrap.kubernetes.io/token")
            .build();
    api.create(Resources.SECRETS, broken);
    time.advance(Duration.ofMinutes(61));
    assertThat(run("list", List.of()))
        .contains("bootstrap-token-broken holds no bootstrap token")
        .contains("abcdef    1h          2030-01-01T03:00:00Z");
    assertThat(run("list", List.of(), "-o=json")).contains("\"token\":\"" + TOKEN + "\"");
  }

  @Test
  void aTokenIsDeletedByItselfOrItsId() throws Exception {
    for (String word : List.of(TOKEN, "abcdef")) {
      run("create", List.of(TOKEN));
      assertThat(run("delete", List.of(word))).isEqualTo("bootstrap token \"abcdef\" deleted");
      assertThat(api.find(Resources.SECRETS, ABCDEF)).isEmpty();
    }
  }

  @Test
  void aNewTokenIsOneThatIsAccepted() throws Exception {
    assertThat(BootstrapToken.isToken(run("create", List.of()))).isTrue();
    assertThat(BootstrapToken.generate(new Random(2))).matches("[a-z0-9]{6}\\.[a-z0-9]{16}");
  }
}
