package org.k3sjvm.kubelet.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.RegistryAuth;

class KeyringTest {
  @ParameterizedTest
  @CsvSource({
    "https://index.docker.io/v1/, busybox:1, true",
    "https://index.docker.io/v1/, docker.io/library/busybox:1, true",
    "reg.example:5000, reg.example:5000/a/b:1, true",
    "reg.example, reg.example:5000/a/b:1, false",
    "*.example, reg.example/a, true",
    "*.example, a.reg.example/a, false",
    "reg.example/team, reg.example/team/app:1, true",
    "reg.example/team, reg.example/teams/app:1, false"
  })
  void matchesByHostPortAndPath(String key, String image, boolean matches) {
    Keyring keyring = new Keyring();
    keyring.add("{\"auths\":{\"" + key + "\":{\"auth\":\"dTpw\"}}}");

    assertThat(keyring.of(image).stream().map(RegistryAuth::username).toList())
        .isEqualTo(matches ? List.of("u") : List.of());
  }
}
