package org.k3sjvm.server.api.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.patch.Patch;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.ObjectStore;

class PodResizeTest {
  private static final ServiceRanges RANGES = ServiceRanges.of(Cidr.parse("10.43.0.0/16"));

  @TempDir Path directory;
  private ObjectStore store;
  private Registry registry;

  @BeforeEach
  void makeAPod() {
    store = ObjectStore.open(directory.resolve("state.db"));
    registry =
        new Registry(
            store, RANGES, () -> Instant.parse("2030-01-01T00:00:00Z"), (_, _, _, _) -> {});
    registry.create(Target.self(Kinds.NAMESPACE, ""), json("{'metadata':{'name':'default'}}"));
    registry.create(
        Target.self(Kinds.SERVICE_ACCOUNT, "default"), json("{'metadata':{'name':'default'}}"));
    registry.create(
        Target.self(Kinds.POD, "default"),
        json(
            """
            {'metadata':{'name':'a'},'spec':{
              'initContainers':[{'name':'i','image':'b','resources':{'limits':{'cpu':'1'}}}],
              'containers':[{'name':'c','image':'b','resources':{
                'requests':{'cpu':'100m','memory':'64Mi'},
                'limits':{'cpu':'200m','memory':'64Mi','hugepages-2Mi':'2Mi'}}}]}}
            """));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static ObjectNode json(String text) {
    return Trees.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private ObjectNode resize(String spec) {
    Patch patch =
        new Patch.Strategic(Schema.builtIn(), "core.v1.Pod", json("{'spec':" + spec + "}"));
    return registry.modify(Kinds.POD, "default", "a", "resize", patch::apply);
  }

  @Test
  void processorsAndMemoryChangeAndNothingElse() {
    ObjectNode now =
        resize(
            "{'hostNetwork':true,'containers':[{'name':'c','image':'other','resources':"
                + "{'requests':{'cpu':'150m'},'limits':{'memory':'128Mi'}}}]}");

    assertThat(now.at("/spec/containers/0/resources/requests/cpu").asText()).isEqualTo("150m");
    assertThat(now.at("/spec/containers/0/resources/limits/memory").asText()).isEqualTo("128Mi");
    assertThat(now.at("/spec/containers/0/resources/limits/cpu").asText()).isEqualTo("200m");
    assertThat(now.at("/spec/containers/0/image").asText()).isEqualTo("b");
    assertThat(now.at("/spec/hostNetwork").asBoolean()).isFalse();
    assertThat(now.at("/metadata/generation").asInt()).isEqualTo(2);
    assertThat(resize("{}").at("/metadata/generation").asInt()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{'containers':[{'name':'c','resources':{'limits':{'cpu':null}}}]}"
            + " | resource limits cannot be removed",
        "{'containers':[{'name':'c','resources':{'limits':{'hugepages-2Mi':'4Mi'},"
            + "'requests':{'hugepages-2Mi':'4Mi'}}}]} | only cpu and memory resources are mutable",
        "{'containers':[{'name':'d','image':'b'}]} | containers may not be added or removed",
        "{'containers':[{'name':'c','resizePolicy':[{'resourceName':'cpu',"
            + "'restartPolicy':'RestartContainer'}]}]} | only cpu and memory resources are mutable",
        "{'initContainers':[{'name':'i','resources':{'limits':{'cpu':'2'}}}]}"
            + " | resources for non-sidecar init containers are immutable",
        "{'containers':[{'name':'c','resources':{'requests':{'cpu':'300m'}}}]}"
            + " | must be less than or equal to limit",
        "{'containers':[{'name':'c','resources':{'requests':{'cpu':'x'}}}]}"
            + " | quantities must match",
      })
  void whatMustNotChangeIsRefusedWithTheReason(String spec, String why) {
    assertThatThrownBy(() -> resize(spec))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining(why);
  }

  @Test
  void theClassOfServiceStays() {
    assertThatThrownBy(
            () ->
                resize(
                    "{'initContainers':[{'name':'i','resources':"
                        + "{'limits':{'memory':'1Mi'}}}],'containers':[{'name':'c','resources':"
                        + "{'requests':{'cpu':'200m'}}}]}"))
        .hasMessageContaining("Pod QOS Class may not change as a result of resizing");
  }

  @Test
  void aNodeThatDoesNotSayWhatIsInForceCannotResize() {
    registry.modify(
        Kinds.POD,
        "default",
        "a",
        "status",
        pod -> {
          pod.set(
              "status",
              json(
                  "{'qosClass':'Burstable','containerStatuses':[{'name':'c','image':'b',"
                      + "'imageID':'','ready':true,'restartCount':0,'state':{'running':{}}}]}"));
          return pod;
        });
    assertThatThrownBy(
            () -> resize("{'containers':[{'name':'c','resources':{'requests':{'cpu':'150m'}}}]}"))
        .hasMessageContaining("Pod running on node without support for resize");
  }
}
