package org.k3sjvm.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.ServiceRanges;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.ObjectStore;
import org.k3sjvm.server.supervisor.StoredClusterState;

class StoredNodePasswordsTest {
  @TempDir Path directory;
  private ObjectStore store;
  private Registry registry;
  private NodePasswords passwords;

  @BeforeEach
  void open() {
    store = ObjectStore.open(directory.resolve("state.db"));
    registry =
        new Registry(
            store,
            ServiceRanges.of(Cidr.parse("10.43.0.0/16")),
            InstantSource.system(),
            (_, _, _, _) -> {});
    passwords = new NodePasswords(new StoredNodePasswords(registry), new SecureRandom());
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void keepsTheFirstPasswordOfANameAsUpstreamStoresIt() throws Exception {
    create(Kinds.NAMESPACE, "", "{'metadata':{'name':'kube-system'}}");
    assertThat(passwords.check("one", new Secret("a"))).isEqualTo(new PasswordCheck.Accepted());
    assertThat(passwords.check("one", new Secret("a"))).isEqualTo(new PasswordCheck.Accepted());
    assertThat(passwords.check("one", new Secret("b"))).isInstanceOf(PasswordCheck.Rejected.class);
    ObjectNode secret =
        registry.find(Kinds.SECRET, "kube-system", "one.node-password.k3s").orElseThrow();
    assertThat(Trees.text(secret, "type")).isEqualTo("k3s.cattle.io/node-password");
    assertThat(secret.path("immutable").asBoolean()).isTrue();
    assertThat(new StoredNodePasswords(registry).find("one").orElseThrow()).startsWith("$1:");
  }

  @Test
  void doesNotDecideWhileTheNamespaceIsMissing() throws Exception {
    assertThat(passwords.check("one", new Secret("a"))).isInstanceOf(PasswordCheck.Undecided.class);
  }

  @Test
  void tellsReadyServersFromTheEndpointSlices() {
    create(Kinds.NAMESPACE, "", "{'metadata':{'name':'default'}}");
    StoredClusterState state = new StoredClusterState(registry, () -> true);
    assertThat(state.apiServers()).isEmpty();
    create(
        Kinds.ENDPOINT_SLICE,
        "default",
        "{'metadata':{'name':'kubernetes','labels':{'kubernetes.io/service-name':'kubernetes'}},"
            + "'addressType':'IPv4','ports':[{'name':'https','port':6443,'protocol':'TCP'}],"
            + "'endpoints':[{'addresses':['10.0.0.1']},"
            + "{'addresses':['10.0.0.2'],'conditions':{'ready':false}}]}");
    assertThat(state.apiServers()).isEqualTo(List.of(new HostPort("10.0.0.1", 6443)));
    assertThat(URI.create("https://" + state.apiServers().getFirst()).getPort()).isEqualTo(6443);
  }

  private void create(Kind kind, String namespace, String json) {
    var _ =
        registry.create(
            Target.self(kind, namespace),
            Trees.parse(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8)));
  }
}
