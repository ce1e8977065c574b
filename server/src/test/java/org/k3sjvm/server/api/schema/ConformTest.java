package org.k3sjvm.server.api.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Trees;

class ConformTest {
  private static ObjectNode json(String text) {
    return Trees.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void everyKindHasItsTypeAndEveryTypeParses() {
    for (Kind kind : Kinds.all()) {
      assertThat(Schema.builtIn().type(kind.schema())).as(kind.schema()).isPresent();
    }
    for (String name : Schema.builtIn().names()) {
      assertThat(Schema.builtIn().type(name)).isPresent();
    }
  }

  @Test
  void unknownFieldsAndNullsGoAndNumbersBecomeQuantities() {
    ObjectNode pod =
        json(
            "{'metadata':{'creationTimestamp':null,'labels':{'a':null}},'spec':{'bogus':1,"
                + "'containers':[{'name':'a','resources':{'limits':{'cpu':2}},'x':1}]}}");

    Conform.Found found = Conform.conform(Schema.builtIn(), "core.v1.Pod", pod);

    assertThat(pod)
        .isEqualTo(
            json(
                "{'metadata':{'labels':{'a':''}},'spec':{'containers':[{'name':'a',"
                    + "'resources':{'limits':{'cpu':'2'}}}]}}"));
    assertThat(found.unknown()).containsExactly("spec.bogus", "spec.containers[0].x");
    assertThat(found.wrong()).isEmpty();
  }

  @Test
  void aWrongTypeAndAMissingFieldAreNamed() {
    ObjectNode deployment = json("{'spec':{'replicas':'three'}}");

    Conform.Found found = Conform.conform(Schema.builtIn(), "apps.v1.Deployment", deployment);

    assertThat(found.wrong()).hasValueSatisfying(w -> assertThat(w).startsWith("spec.replicas:"));
    assertThat(found.missing()).containsExactly("spec.selector", "spec.template");
  }
}
