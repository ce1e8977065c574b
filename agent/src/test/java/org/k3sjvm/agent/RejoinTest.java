package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinConfig;
import org.k3sjvm.join.JoinException;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.testing.FakeSupervisor;
import org.k3sjvm.join.testing.TestNode;

class RejoinTest {
  private static final String SETTINGS =
      """
      {"ClusterIPRange":{"IP":"10.42.0.0","Mask":"//8AAA=="},
       "ServiceIPRange":{"IP":"10.43.0.0","Mask":"//8AAA=="},
       "ServiceNodePortRange":{"Base":30000,"Size":2768},"ClusterDNS":"10.43.0.10",
       "ClusterDomain":"cluster.local","FlannelBackend":"vxlan","SupervisorPort":6443,
       "HTTPSPort":6443}""";

  @TempDir private Path top;

  private FakeSupervisor server;
  private Runnable between = () -> {};
  private final List<JoinedNode> told = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    server = new FakeSupervisor.Builder().start();
    server.settings(SETTINGS);
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void goesOnAsBeforeWhenNothingHasChanged() throws Exception {
    Rejoin rejoin = rejoin(server);
    rejoin.run();
    assertThat(rejoin.another()).isEmpty();
    assertThat(told).as("it has other certificates").hasSize(1);
  }

  @Test
  void startsAnewWithOtherSettings() throws Exception {
    Rejoin rejoin = rejoin(server);
    server.settings(SETTINGS.replace("cluster.local", "cluster.example"));
    assertThatThrownBy(rejoin::run).isInstanceOf(Rejoin.AnotherNodeException.class);
    assertThat(rejoin.another().orElseThrow().settings().clusterDomain())
        .isEqualTo("cluster.example");
  }

  @Test
  void waitsForAServerThatCannotServe() throws Exception {
    Rejoin rejoin = rejoin(server);
    server.answer("/v1-k3s/config", 503, "");
    between = () -> server.answerAsUsual("/v1-k3s/config");
    rejoin.run();
    assertThat(rejoin.another()).isEmpty();
  }

  @Test
  void endsWhenAServerRefusesTheNode() throws Exception {
    Rejoin rejoin = rejoin(server);
    server.answer("/v1-k3s/config", 401, "");
    assertThatThrownBy(rejoin::run).isInstanceOf(JoinException.Unauthorized.class);
  }

  @Test
  void endsWhenTheServerIsAnotherClusters() throws Exception {
    try (FakeSupervisor other = new FakeSupervisor.Builder().start()) {
      other.settings(SETTINGS);
      assertThatThrownBy(rejoin(other)::run).isInstanceOf(JoinException.Untrusted.class);
    }
  }

  /** For a node that joined the server; it finds this one at the next try. */
  private Rejoin rejoin(FakeSupervisor then) throws InterruptedException {
    return new Rejoin(join(server).once(), join(then), told::add, _ -> between.run());
  }

  private Join join(FakeSupervisor at) {
    JoinConfig config =
        TestNode.config(at.url(), at.url(), Optional.of(new Secret(server.token())), top);
    return new Join(
        config,
        new Join.Host(
            TestNode.NETWORK, List.of(), InstantSource.system(), Sleeper.SYSTEM, new Random(1)),
        _ -> URI.create("https://api.example:6443"),
        Optional::empty);
  }
}
