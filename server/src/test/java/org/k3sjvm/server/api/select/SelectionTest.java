package org.k3sjvm.server.api.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Quantities;
import org.k3sjvm.server.api.tree.Trees;

class SelectionTest {
  private static ObjectNode json(String text) {
    return Trees.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "app=web                    | true",
        "app==web,tier!=back        | true",
        "app!=web                   | false",
        "app in (api, web)          | true",
        "app notin (api,web)        | false",
        "none notin (api)           | true",
        "app                        | true",
        "!app                       | false",
        "!none                      | true",
        "x.io/n > 3                 | true",
        "x.io/n<3,app               | false",
        "app in (web),!none,x.io/n  | true",
      })
  void aLabelSelectorSelects(String selector, boolean selected) {
    ObjectNode labels = json("{'app':'web','tier':'front','x.io/n':'5'}");

    assertThat(LabelSelector.parse(selector).matches(labels)).isEqualTo(selected);
  }

  @Test
  void aMalformedSelectorIsABadRequest() {
    assertThatThrownBy(() -> LabelSelector.parse("a in b")).isInstanceOf(ApiException.class);
    assertThatThrownBy(() -> FieldSelector.parse(Kinds.POD, "spec.nonsense=1"))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("field label not supported");
  }

  @Test
  void aFieldSelectorReadsPaths() {
    ObjectNode pod = json("{'metadata':{'name':'x'},'spec':{'nodeName':'n'},'status':{}}");

    assertThat(FieldSelector.parse(Kinds.POD, "spec.nodeName=n,status.phase!=Failed").matches(pod))
        .isTrue();
    assertThat(FieldSelector.parse(Kinds.POD, "metadata.name!=x").matches(pod)).isFalse();
  }

  @Test
  @Timeout(5)
  void aLongSelectorThatIsNoneIsRefusedAtOnce() {
    for (String text : new String[] {"a in" + " ".repeat(60_000) + "x", "a".repeat(60_000) + "!"}) {
      assertThatThrownBy(() -> LabelSelector.parse(text)).isInstanceOf(ApiException.class);
    }
  }

  @Test
  void aComparisonWithNothingSelectsNothing() {
    ObjectNode selector = json("{'matchExpressions':[{'key':'app','operator':'Gt','values':[]}]}");
    assertThat(LabelSelector.of(selector).matches(json("{'app':'5'}"))).isFalse();
  }

  @Test
  void amountsBeyondAllMeasureAreNone() {
    assertThat(Quantities.parse("1e999999999")).isEmpty();
    assertThat(Quantities.parse("1e-999999999")).isEmpty();
    assertThat(Quantities.parse("12E")).isPresent();
  }
}
