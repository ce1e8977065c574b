package org.k3sjvm.kubelet.userns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.cri.IdMapping;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.UserNamespace;
import org.k3sjvm.kubelet.pod.PodUid;

class UserNamespacesTest {
  @TempDir Path pods;

  private UserNamespaces fresh(int most) {
    return new UserNamespaces(pods, new IdRange(65536, most));
  }

  private PodUid pod(String uid) throws IOException {
    Files.createDirectories(pods.resolve(uid));
    return new PodUid(uid);
  }

  private static long first(UserNamespace namespace) {
    assertThat(namespace.mode()).isEqualTo(NamespaceMode.POD);
    assertThat(namespace.uids()).hasSize(1).isEqualTo(namespace.gids());
    IdMapping only = namespace.uids().getFirst();
    assertThat(only.containerId()).isZero();
    assertThat(only.length()).isEqualTo(65536);
    return only.hostId();
  }

  @Test
  void eachPodHasItsOwnIdsAndKeepsThem() throws IOException {
    UserNamespaces users = fresh(10);
    Set<Long> ids = new HashSet<>();
    for (int i = 0; i < 10; i++) {
      ids.add(first(users.of(pod("p" + i))));
    }
    assertThat(ids).hasSize(10).allMatch(id -> id % 65536 == 0 && id >= 65536);
    assertThat(users.of(pod("p3"))).isEqualTo(fresh(10).of(pod("p3")));
    assertThatThrownBy(() -> users.of(pod("more")))
        .hasMessage("could not find an empty slot to allocate a user namespace");
  }

  @Test
  void theFileIsTheKubelets() throws IOException {
    fresh(1).of(pod("p"));

    assertThat(pods.resolve("p/userns"))
        .hasContent(
            "{\"uidMappings\":[{\"hostId\":65536,\"containerId\":0,\"length\":65536}],"
                + "\"gidMappings\":[{\"hostId\":65536,\"containerId\":0,\"length\":65536}]}");
  }

  @Test
  void idsOfAnEarlierRunAreNotGivenAway() throws IOException {
    long old = first(fresh(10).of(pod("old")));

    assertThat(first(fresh(10).of(pod("new")))).isNotEqualTo(old);
  }

  @Test
  void idsComeBackWithThePodsEnd() throws IOException {
    UserNamespaces users = fresh(1);
    users.of(pod("p"));
    users.release(pod("p"));
    Files.delete(pods.resolve("p/userns"));

    assertThat(first(users.of(pod("q")))).isEqualTo(65536);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "rubbish",
        "[]",
        "{\"uidMappings\":[{\"hostId\":0,\"containerId\":0,\"length\":65536}],\"gidMappings\":[{\"hostId\":0,\"containerId\":0,\"length\":65536}]}",
        "{\"uidMappings\":[{\"hostId\":99999999,\"containerId\":0,\"length\":65536}]}",
        "{\"uidMappings\":[{\"hostId\":65536,\"containerId\":1,\"length\":65536}],\"gidMappings\":[{\"hostId\":65536,\"containerId\":1,\"length\":65536}]}"
      })
  void rubbishInAFileIsNobodysIds(String text) throws IOException {
    pod("p");
    Files.writeString(pods.resolve("p/userns"), text);

    assertThat(first(fresh(2).of(pod("q")))).isEqualTo(65536);
    assertThat(first(fresh(2).of(pod("p")))).isEqualTo(131072);
  }

  @ParameterizedTest
  @CsvSource({
    "'', '', '', 65536, 65535",
    "kubelet:x:1:1:::, '', '', 65536, 65535",
    "kubelet:x:1:1:::, kubelet:131072:655360, kubelet:131072:655360, 131072, 10"
  })
  void theAdministratorMayGrantARange(
      String passwd, String uids, String gids, long first, int count) throws IOException {
    Files.writeString(pods.resolve("passwd"), passwd);
    Files.writeString(pods.resolve("subuid"), "other:1:2\n" + uids);
    Files.writeString(pods.resolve("subgid"), gids);

    assertThat(IdRange.granted(pods)).isEqualTo(new IdRange(first, count));
  }

  @ParameterizedTest
  @CsvSource({
    "kubelet:131072:655360, kubelet:131072:65536",
    "kubelet:131073:65536, kubelet:131073:65536",
    "kubelet:0:65536, kubelet:0:65536",
    "kubelet:65536:100, kubelet:65536:100",
    "kubelet:x:y, kubelet:x:y"
  })
  void aGrantThatCannotServeIsRefused(String uids, String gids) throws IOException {
    Files.writeString(pods.resolve("passwd"), "kubelet:x:1:1:::");
    Files.writeString(pods.resolve("subuid"), uids);
    Files.writeString(pods.resolve("subgid"), gids);

    assertThatThrownBy(() -> IdRange.granted(pods)).isInstanceOf(IllegalArgumentException.class);
  }
}
