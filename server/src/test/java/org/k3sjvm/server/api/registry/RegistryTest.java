package org.k3sjvm.server.api.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.patch.Patch;
import org.k3sjvm.server.api.registry.DeleteOptions.Propagation;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.ObjectStore;

class RegistryTest {
  private static final ServiceRanges RANGES = ServiceRanges.of(Cidr.parse("10.43.0.0/16"));

  @TempDir Path directory;
  ObjectStore store;
  Registry registry;

  @BeforeEach
  void open() {
    store = ObjectStore.open(directory.resolve("state.db"));
    registry =
        new Registry(
            store, RANGES, () -> Instant.parse("2030-01-01T00:00:00Z"), (_, _, _, _) -> {});
    create(Kinds.NAMESPACE, "", "{'metadata':{'name':'default'}}");
    create(Kinds.SERVICE_ACCOUNT, "default", "{'metadata':{'name':'default'}}");
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static ObjectNode json(String text) {
    return Trees.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private ObjectNode create(Kind kind, String namespace, String text) {
    return registry.create(Target.self(kind, namespace), json(text));
  }

  private ObjectNode pod(String name, String extra) {
    return create(
        Kinds.POD,
        "default",
        "{'metadata':{'name':'"
            + name
            + "'},'spec':{"
            + extra
            + "'containers':[{'name':'c','image':'busybox'}]}}");
  }

  private static void assertRefused(int code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void aPodGetsDefaultsATokenVolumeAndTolerations() {
    ObjectNode pod = pod("a", "");

    assertThat(pod.at("/spec/restartPolicy").asText()).isEqualTo("Always");
    assertThat(pod.at("/spec/containers/0/imagePullPolicy").asText()).isEqualTo("Always");
    assertThat(pod.at("/spec/serviceAccountName").asText()).isEqualTo("default");
    assertThat(pod.at("/spec/volumes/0/name").asText()).startsWith("kube-api-access-");
    assertThat(pod.at("/spec/containers/0/volumeMounts/0/mountPath").asText())
        .isEqualTo("/var/run/secrets/kubernetes.io/serviceaccount");
    assertThat(pod.at("/spec/tolerations")).hasSize(2);
    assertThat(pod.at("/status/phase").asText()).isEqualTo("Pending");
    assertThat(pod.at("/status/qosClass").asText()).isEqualTo("BestEffort");
    assertThat(Meta.resourceVersion(pod)).isNotEmpty();
    assertThat(registry.find(Kinds.POD, "default", "a")).contains(pod);
  }

  @Test
  void aNegativeGracePeriodIsOneSecond() {
    ObjectNode pod = pod("a", "'terminationGracePeriodSeconds':-1,");

    assertThat(pod.at("/spec/terminationGracePeriodSeconds").asLong()).isEqualTo(1);
  }

  @Test
  void aScheduledPodIsDeletedWhenItsKubeletSaysSo() {
    ObjectNode pod = pod("a", "'nodeName':'n','terminationGracePeriodSeconds':5,");

    var begun = registry.delete(Target.self(Kinds.POD, "default"), "a", DeleteOptions.DEFAULT);
    assertThat(begun.gone()).isFalse();
    assertThat(Trees.text(begun.object(), "metadata", "deletionTimestamp"))
        .isEqualTo("2030-01-01T00:00:05Z");

    DeleteOptions shorter =
        new DeleteOptions(
            OptionalLong.of(2), Optional.empty(), Optional.empty(), Propagation.BACKGROUND);
    assertThat(
            Trees.text(
                registry.delete(Target.self(Kinds.POD, "default"), "a", shorter).object(),
                "metadata",
                "deletionTimestamp"))
        .isEqualTo("2030-01-01T00:00:02Z");

    DeleteOptions other = DeleteOptions.now("somebody-else");
    assertRefused(409, () -> registry.delete(Target.self(Kinds.POD, "default"), "a", other));
    assertThat(
            registry
                .delete(Target.self(Kinds.POD, "default"), "a", DeleteOptions.now(Meta.uid(pod)))
                .gone())
        .isTrue();
    assertThat(registry.find(Kinds.POD, "default", "a")).isEmpty();
  }

  @Test
  void anObjectWithAFinalizerGoesWithTheFinalizer() {
    create(Kinds.CONFIG_MAP, "default", "{'metadata':{'name':'c','finalizers':['x.io/y']}}");

    assertThat(
            registry
                .delete(Target.self(Kinds.CONFIG_MAP, "default"), "c", DeleteOptions.DEFAULT)
                .gone())
        .isFalse();
    registry.modify(
        Kinds.CONFIG_MAP,
        "default",
        "c",
        "",
        map -> {
          Meta.of(map).remove("finalizers");
          return map;
        });

    assertThat(registry.find(Kinds.CONFIG_MAP, "default", "c")).isEmpty();
  }

  @Test
  void aStatusWriteKeepsTheSpecAndASpecWriteKeepsTheStatus() {
    pod("a", "'nodeName':'n',");

    registry.modify(
        Kinds.POD,
        "default",
        "a",
        "status",
        p -> {
          Trees.child(p, "status").put("phase", "Running");
          Trees.child(p, "spec").put("nodeName", "other");
          return p;
        });
    registry.modify(
        Kinds.POD,
        "default",
        "a",
        "",
        p -> {
          Trees.child(p, "status").put("phase", "Failed");
          Trees.child(p, "metadata", "labels").put("a", "b");
          return p;
        });

    ObjectNode pod = registry.find(Kinds.POD, "default", "a").orElseThrow();
    assertThat(pod.at("/status/phase").asText()).isEqualTo("Running");
    assertThat(pod.at("/spec/nodeName").asText()).isEqualTo("n");
    assertThat(Meta.labels(pod)).containsEntry("a", "b");
  }

  @Test
  void aStaleVersionIsAConflictAndAnEmptyChangeWritesNothing() {
    ObjectNode first = create(Kinds.CONFIG_MAP, "default", "{'metadata':{'name':'c'}}");
    ObjectNode second =
        registry.modify(
            Kinds.CONFIG_MAP, "default", "c", "", m -> m.set("data", json("{'a':'b'}")));
    ObjectNode third = registry.modify(Kinds.CONFIG_MAP, "default", "c", "", m -> m);

    assertThat(Meta.resourceVersion(third)).isEqualTo(Meta.resourceVersion(second));
    assertRefused(
        409, () -> registry.modify(Kinds.CONFIG_MAP, "default", "c", "", _ -> first.deepCopy()));
  }

  @Test
  void invalidObjectsAreRefusedWithTheirCauses() {
    assertRefused(422, () -> create(Kinds.CONFIG_MAP, "default", "{'metadata':{'name':'A_b'}}"));
    assertRefused(422, () -> create(Kinds.CONFIG_MAP, "default", "{}"));
    assertRefused(404, () -> create(Kinds.CONFIG_MAP, "none", "{'metadata':{'name':'a'}}"));
    assertRefused(400, () -> create(Kinds.CONFIG_MAP, "default", "{'kind':'Pod'}"));
    assertRefused(409, () -> create(Kinds.NAMESPACE, "", "{'metadata':{'name':'default'}}"));
    assertRefused(422, () -> create(Kinds.POD, "default", "{'metadata':{'name':'a'},'spec':{}}"));
    assertThatThrownBy(
            () ->
                create(
                    Kinds.DEPLOYMENT,
                    "default",
                    "{'metadata':{'name':'d'},'spec':{'selector':{'matchLabels':{'a':'b'}},"
                        + "'template':{'spec':{'containers':[{'name':'c','image':'i'}]}}}}"))
        .hasMessageContaining("`selector` does not match template `labels`");
  }

  @Test
  void aPodAsksForNamesAndKernelSettingsThatAHostCanHave() {
    for (String spec :
        new String[] {
          "'hostnameOverride':'Not_A_Name'",
          "'hostnameOverride':'a','hostNetwork':true",
          "'hostnameOverride':'a','setHostnameAsFQDN':true",
          "'securityContext':{'sysctls':[{'name':'foo-','value':'bar'}]}",
          "'securityContext':{'sysctls':[{'name':'kernel.x','value':'1'},"
              + "{'name':'kernel/x','value':'1'}]}"
        }) {
      assertRefused(422, () -> pod("refused", spec + ","));
    }
    pod(
        "a",
        "'hostnameOverride':'a.b',"
            + "'securityContext':{'sysctls':[{'name':'kernel/x-y_z.0','value':'1'}]},");
  }

  @Test
  void aPodsGenerationCountsChangesOfItsSpecificationButNotItsPlacement() {
    assertThat(pod("a", "").at("/metadata/generation").asInt()).isEqualTo(1);
    registry.modify(
        Kinds.POD,
        "default",
        "a",
        "binding",
        pod -> {
          Trees.child(pod, "spec").put("nodeName", "n");
          return pod;
        });
    var changed =
        registry.modify(
            Kinds.POD,
            "default",
            "a",
            "",
            pod -> {
              Trees.child(pod, "spec").put("activeDeadlineSeconds", 9);
              return pod;
            });

    assertThat(changed.at("/metadata/generation").asInt()).isEqualTo(2);
  }

  @Test
  void aPodsImageMayChangeButNotItsVolumes() {
    pod("a", "");
    var image =
        new Patch.Strategic(
            Schema.builtIn(),
            "core.v1.Pod",
            json("{'spec':{'containers':[{'name':'c','image':'busybox:2'}]}}"));
    var network = new Patch.Merge(json("{'spec':{'hostNetwork':true}}"));

    assertThat(
            registry
                .modify(Kinds.POD, "default", "a", "", image::apply)
                .at("/spec/containers/0/image")
                .asText())
        .isEqualTo("busybox:2");
    assertRefused(422, () -> registry.modify(Kinds.POD, "default", "a", "", network::apply));
  }

  @Test
  void servicesGetAddressesThatNobodyElseHas() {
    ObjectNode service =
        create(
            Kinds.SERVICE,
            "default",
            "{'metadata':{'name':'s'},'spec':{'clusterIP':'10.43.0.10','ports':[{'port':80}]}}");
    ObjectNode port =
        create(
            Kinds.SERVICE,
            "default",
            "{'metadata':{'name':'n'},'spec':{'type':'NodePort','ports':[{'port':80}]}}");

    assertThat(service.at("/spec/clusterIPs/0").asText()).isEqualTo("10.43.0.10");
    assertThat(service.at("/spec/ports/0/targetPort").asInt()).isEqualTo(80);
    assertThat(port.at("/spec/clusterIP").asText()).startsWith("10.43.");
    assertThat(port.at("/spec/ports/0/nodePort").asInt()).isBetween(30000, 32767);
    assertRefused(
        422,
        () ->
            create(
                Kinds.SERVICE,
                "default",
                "{'metadata':{'name':'t'},'spec':{'clusterIP':'10.43.0.10',"
                    + "'ports':[{'port':80}]}}"));
    registry.delete(Target.self(Kinds.SERVICE, "default"), "s", DeleteOptions.DEFAULT);
    create(
        Kinds.SERVICE,
        "default",
        "{'metadata':{'name':'t'},'spec':{'clusterIP':'10.43.0.10','ports':[{'port':80}]}}");
  }

  @Test
  void aDeletedNamespaceWaitsForItsContent() {
    create(Kinds.NAMESPACE, "", "{'metadata':{'name':'x'}}");
    registry.delete(Target.self(Kinds.NAMESPACE, ""), "x", DeleteOptions.DEFAULT);

    ObjectNode namespace = registry.find(Kinds.NAMESPACE, "", "x").orElseThrow();
    assertThat(namespace.at("/status/phase").asText()).isEqualTo("Terminating");
    assertRefused(403, () -> create(Kinds.CONFIG_MAP, "x", "{'metadata':{'name':'c'}}"));
    registry.modify(
        Kinds.NAMESPACE,
        "",
        "x",
        "finalize",
        n -> {
          Trees.child(n, "spec").remove("finalizers");
          return n;
        });
    assertThat(registry.find(Kinds.NAMESPACE, "", "x")).isEmpty();
  }

  @Test
  void unknownFieldsAreDroppedOrRefusedAsAsked() {
    String body = "{'metadata':{'name':'c'},'bogus':1}";
    Target strict =
        new Target(
            User.SELF, Kinds.CONFIG_MAP, "default", "", Target.FieldValidation.STRICT, false);

    assertRefused(400, () -> registry.create(strict, json(body)));
    assertThat(create(Kinds.CONFIG_MAP, "default", body).has("bogus")).isFalse();
    assertThat(registry.list(Kinds.CONFIG_MAP, "", Selection.ALL)).hasSize(1);
  }
}
