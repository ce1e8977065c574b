package org.k3sjvm.server.api.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.server.ControlPlaneConfig;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.DeleteOptions;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.ServiceRanges;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.select.FieldSelector;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.ObjectStore;

class AccessTest {
  private static final User NODE =
      User.of("system:node:n1", List.of("system:nodes", User.AUTHENTICATED));

  @TempDir Path directory;
  final ManualTime time = new ManualTime(Instant.parse("2030-01-01T00:00:00Z"));
  ObjectStore store;
  Registry registry;
  Authorizer authorizer;

  @BeforeEach
  void open() {
    store = ObjectStore.open(directory.resolve("state.db"));
    registry =
        new Registry(
            store,
            ServiceRanges.of(ControlPlaneConfig.DEFAULT_SERVICE_CIDR),
            time,
            new NodeRestriction());
    authorizer = new Authorizer(registry);
    create(Kinds.NAMESPACE, "", "{'metadata':{'name':'default'}}");
    create(Kinds.SERVICE_ACCOUNT, "default", "{'metadata':{'name':'default'}}");
    pod("mine", "n1", "s1");
    pod("other", "n2", "s2");
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

  private void pod(String name, String node, String secret) {
    create(
        Kinds.POD,
        "default",
        "{'metadata':{'name':'%s'},'spec':{'nodeName':'%s','volumes':[{'name':'v','secret':"
                .formatted(name, node)
            + "{'secretName':'%s'}}],'containers':[{'name':'c','image':'i'}]}}".formatted(secret));
  }

  private boolean may(User user, String verb, String group, String full, String name) {
    int slash = full.indexOf('/');
    String namespace =
        switch (slash < 0 ? full : full.substring(0, slash)) {
          case "nodes", "csinodes" -> "";
          case "leases" -> "kube-node-lease";
          default -> "default";
        };
    FieldSelector fields =
        name.startsWith("@")
            ? FieldSelector.parse(Kinds.POD, "spec.nodeName=" + name.substring(1))
            : FieldSelector.ALL;
    return authorizer
        .decide(
            user,
            new Attributes(
                verb,
                group,
                slash < 0 ? full : full.substring(0, slash),
                slash < 0 ? "" : full.substring(slash + 1),
                namespace,
                name.startsWith("@") ? "" : name,
                "",
                Optional.of(fields)))
        .allowed();
  }

  @ParameterizedTest
  @CsvSource({
    "get, '', nodes, n1, true",
    "get, '', nodes, n2, false",
    "list, '', nodes, '', false",
    "delete, '', nodes, n1, false",
    "patch, '', nodes/status, n1, true",
    "patch, '', nodes/status, n2, false",
    "get, '', secrets, s1, true",
    "watch, '', secrets, s1, true",
    "get, '', secrets, s2, false",
    "list, '', secrets, '', false",
    "update, '', secrets, s1, false",
    "list, '', pods, @n1, true",
    "list, '', pods, @n2, false",
    "list, '', pods, '', false",
    "watch, '', pods, none, false",
    "patch, '', pods/status, mine, true",
    "patch, '', pods/status, other, false",
    "delete, '', pods, other, false",
    "get, '', pods/exec, mine, false",
    "create, '', serviceaccounts/token, default, true",
    "create, '', serviceaccounts/token, admin, false",
    "update, coordination.k8s.io, leases, n1, true",
    "update, coordination.k8s.io, leases, n2, false",
    "create, authorization.k8s.io, subjectaccessreviews, '', true",
    "get, rbac.authorization.k8s.io, clusterroles, x, false",
  })
  void aNodeMayOnlyWhatConcernsIt(
      String verb, String group, String resource, String name, boolean allowed) {
    assertThat(may(NODE, verb, group, resource, name)).isEqualTo(allowed);
  }

  @ParameterizedTest
  @CsvSource({
    "system:k3s-controller, list, '', nodes, true",
    "system:k3s-controller, patch, '', nodes/status, true",
    "system:k3s-controller, get, '', secrets, false",
    "system:kube-proxy, watch, '', services, true",
    "system:kube-proxy, create, events.k8s.io, events, true",
    "system:kube-proxy, get, '', configmaps, false",
    "system:serviceaccount:default:default, get, '', pods, false",
    "somebody, create, authorization.k8s.io, selfsubjectaccessreviews, true",
    "somebody, create, '', pods, false",
  })
  void othersMayWhatTheirWorkNeeds(
      String name, String verb, String group, String resource, boolean allowed) {
    User user = User.of(name, List.of(User.AUTHENTICATED));

    assertThat(may(user, verb, group, resource, "")).isEqualTo(allowed);
  }

  @Test
  void aNodeMayNotLabelItselfIntoTrust() {
    assertThat(NodeRestriction.mayLabel("example.com/a")).isTrue();
    assertThat(NodeRestriction.mayLabel("kubernetes.io/hostname")).isTrue();
    assertThat(NodeRestriction.mayLabel("node-role.kubernetes.io/master")).isFalse();
    assertThat(NodeRestriction.mayLabel("node-restriction.kubernetes.io/a")).isFalse();
    Target nodes = new Target(NODE, Kinds.NODE, "", "", Target.FieldValidation.IGNORE, false);

    assertThatThrownBy(
            () ->
                registry.create(
                    nodes,
                    json("{'metadata':{'name':'n1','labels':{'node-role.kubernetes.io/x':''}}}")))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("is not allowed to modify labels");
    assertThatThrownBy(() -> registry.create(nodes, json("{'metadata':{'name':'n2'}}")))
        .isInstanceOf(ApiException.class);
  }

  private ServiceAccountTokens tokens(KeyPair key) {
    return new ServiceAccountTokens(key, "iss", List.of("api"), registry, time);
  }

  @Test
  void aBoundTokenHoldsUntilItsPodGoes() throws Exception {
    KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
    rsa.initialize(2048);
    for (KeyPair key : List.of(Keys.generate(), rsa.generateKeyPair())) {
      ServiceAccountTokens tokens = tokens(key);
      pod("p", "n1", "s");
      ObjectNode account = registry.find(Kinds.SERVICE_ACCOUNT, "default", "default").orElseThrow();
      Optional<ObjectNode> pod = registry.find(Kinds.POD, "default", "p");
      String token = tokens.issue(account, pod, List.of(), Duration.ofHours(1)).token();

      User user = tokens.review(token, List.of("api", "other")).orElseThrow().user();
      assertThat(user.name()).isEqualTo("system:serviceaccount:default:default");
      assertThat(user.extra())
          .containsAllEntriesOf(
              Map.of(
                  "authentication.kubernetes.io/pod-name", List.of("p"),
                  "authentication.kubernetes.io/node-name", List.of("n1")));
      assertThat(tokens.review(token, List.of("other"))).isEmpty();
      assertThat(tokens(Keys.generate()).review(token, List.of("api"))).isEmpty();
      assertThat(tokens.review(token.replace('.', '_'), List.of("api"))).isEmpty();
      String[] parts = token.split("\\.", -1);
      assertThat(tokens.review(parts[0] + "." + parts[1] + ".", List.of("api"))).isEmpty();

      registry.delete(
          Target.self(Kinds.POD, "default"),
          "p",
          DeleteOptions.now(Trees.text(pod.orElseThrow(), "metadata", "uid")));
      assertThat(tokens.review(token, List.of("api"))).isEmpty();
    }
  }

  @Test
  void aTokenEndsWithItsTime() {
    ServiceAccountTokens tokens = tokens(Keys.generate());
    ObjectNode account = registry.find(Kinds.SERVICE_ACCOUNT, "default", "default").orElseThrow();
    String token =
        tokens.issue(account, Optional.empty(), List.of(), Duration.ofMinutes(10)).token();

    time.advance(Duration.ofSeconds(599));
    assertThat(tokens.review(token, List.of("api"))).isPresent();
    time.advance(Duration.ofSeconds(1));
    assertThat(tokens.review(token, List.of("api"))).isEmpty();
  }
}
