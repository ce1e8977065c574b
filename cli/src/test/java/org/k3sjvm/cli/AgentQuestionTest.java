package org.k3sjvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.k3sjvm.agent.config.UsageException;

class AgentQuestionTest {
  private static AgentQuestion parse(Map<String, String> environment, String... arguments) {
    return AgentQuestion.parse("status", List.of(arguments), environment);
  }

  @Test
  void theDirectoryIsThatOfTheFlagElseOfTheEnvironmentElseTheUsualOne() {
    Map<String, String> environment = Map.of("K3S_DATA_DIR", "/env");
    assertThat(parse(environment, "--data-dir=/flag", "--debug=true").dataDir())
        .isEqualTo(Path.of("/flag"));
    assertThat(parse(environment).dataDir()).isEqualTo(Path.of("/env"));
    assertThat(parse(Map.of()).dataDir()).isEqualTo(Path.of("/var/lib/rancher/k3s"));
  }

  @Test
  void theAnswerIsTextUnlessJsonIsAskedFor() {
    assertThat(parse(Map.of()).json()).isFalse();
    for (String[] json : new String[][] {{"-o", "json"}, {"-o=json"}, {"--output=json"}}) {
      assertThat(parse(Map.of(), json).json()).isTrue();
    }
    assertThatThrownBy(() -> parse(Map.of(), "-o", "xml")).isInstanceOf(UsageException.class);
  }

  @Test
  void whatItDoesNotTakeIsNamed() {
    assertThat(parse(Map.of(), "--help").help()).isTrue();
    assertThatThrownBy(() -> parse(Map.of(), "--all"))
        .hasMessage("status takes no --all; see 'k3s status --help'");
  }
}
