package org.k3sjvm.flannel.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class NetworkCheckTest {
  @Test
  void saysThatTheApiIsMissingWhereOnlyItTellsThePeers() {
    assertThat(NetworkCheck.nothingHere(false, Optional.empty()))
        .contains("the API does not answer")
        .contains("host-gw")
        .contains("start a server");
  }

  @Test
  void saysWhatToDoWhereTheApiAnswers() {
    assertThat(NetworkCheck.nothingHere(true, Optional.of("extension")))
        .isEqualTo("this node's flannel backend is extension, not vxlan, host-gw or wireguard");
    assertThat(NetworkCheck.nothingHere(true, Optional.empty()))
        .endsWith("run this where 'k3s agent' runs");
    assertThat(NetworkCheck.nothingHere(true, Optional.of("vxlan")))
        .endsWith("run this where 'k3s agent' runs");
  }
}
