package org.k3sjvm.agent.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The parser, the help text and docs/compatibility.md speak of the same flags. */
class CompatibilityTableTest {
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `--([a-z0-9-]+)` \\| (works|differs|refused) \\|");

  @Test
  void flagsThatTheTablePromisesAreTheOnesThatAreParsed() throws Exception {
    Set<String> promised = new TreeSet<>();
    Set<String> refused = new TreeSet<>();
    Matcher row = ROW.matcher(Files.readString(Path.of("../docs/compatibility.md")));
    while (row.find()) {
      (row.group(2).equals("refused") ? refused : promised).add(row.group(1));
    }
    Set<String> parsed =
        AgentFlags.ALL.stream().map(Flag::name).collect(Collectors.toCollection(TreeSet::new));
    assertThat(promised).isEqualTo(parsed);
    assertThat(refused).isNotEmpty().doesNotContainAnyElementsOf(parsed);
    assertThat(parsed).allSatisfy(name -> assertThat(AgentConfig.help()).contains("--" + name));
  }

  @Test
  void proxyArgumentsThatTheListPromisesAreTheOnesThatAct() throws Exception {
    String text = Files.readString(Path.of("../docs/compatibility.md"));
    int from = text.indexOf("These kube-proxy arguments act:");
    Matcher name =
        Pattern.compile("`([a-z0-9-]+)`").matcher(text.substring(from, text.indexOf("##", from)));
    assertThat(name.results().map(r -> r.group(1)))
        .containsExactlyInAnyOrderElementsOf(ProxyOptions.ACTING);
  }

  @Test
  void kubeletSettingsThatTheListPromisesAreTheOnesThatAct() throws Exception {
    String text = Files.readString(Path.of("../docs/compatibility.md"));
    int from = text.indexOf("These act:");
    Matcher name =
        Pattern.compile("`([A-Za-z0-9.-]+)`")
            .matcher(text.substring(from, text.indexOf("##", from)));
    Set<String> promised =
        name.results().map(r -> r.group(1)).collect(Collectors.toCollection(TreeSet::new));
    assertThat(
            KubeletFlag.ALL.stream()
                .filter(KubeletFlag::acts)
                .map(flag -> flag.name().equals("-") ? flag.path() : flag.name()))
        .containsExactlyInAnyOrderElementsOf(promised);
  }
}
