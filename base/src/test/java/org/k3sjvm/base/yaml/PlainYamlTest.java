package org.k3sjvm.base.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.error.YAMLException;

class PlainYamlTest {
  @Test
  void readsWhatPeopleWrite() {
    assertThat(PlainYaml.load("server: https://a:6443\nnode-label: [a=b, c=d]\n"))
        .isInstanceOf(Map.class)
        .hasToString("{server=https://a:6443, node-label=[a=b, c=d]}");
    assertThat(PlainYaml.load("")).isNull();
    assertThat(PlainYaml.load("a: 1\na: 2")).hasToString("{a=2}");
    assertThat(PlainYaml.load("x: &x {a: 1}\ny: *x\nz: *x"))
        .hasToString("{x={a=1}, y={a=1}, z={a=1}}");
    assertThat(PlainYaml.first("a: 1\n---\nb: 2", 100)).hasToString("{a=1}");
  }

  @Test
  void aliasesThatMultiplyAreRefused() {
    StringBuilder text = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 24; i++) {
      text.append("a%1$d: &a%1$d [*a%2$d, *a%2$d]\n".formatted(i, i - 1));
    }
    assertThatThrownBy(() -> PlainYaml.load(text.toString()))
        .isInstanceOf(YAMLException.class)
        .hasMessageContaining("aliases");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "&a [*a]",
        "&a {b: {c: *a}}",
        "? &a [*a]\n: b",
        "!!int x",
        "!!timestamp x",
        "!!float x",
        "!!binary =",
        "a: 1\n---\nb: 2",
      })
  void whatIsNotPlainIsAFaultOfTheText(String text) {
    assertThatThrownBy(() -> PlainYaml.load(text)).isInstanceOf(YAMLException.class);
  }

  @Test
  void tooDeepIsAFaultOfTheText() {
    assertThatThrownBy(() -> PlainYaml.load("[".repeat(100_000))).isInstanceOf(YAMLException.class);
    assertThatThrownBy(() -> PlainYaml.load("a: ".repeat(100_000)))
        .isInstanceOf(YAMLException.class);
    assertThatThrownBy(() -> PlainYaml.load("- ".repeat(100_000)))
        .isInstanceOf(YAMLException.class);
  }
}
