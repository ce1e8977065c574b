package org.k3sjvm.containerd.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ImageNamesTest {
  private static final String DIGEST = "sha256:abc";

  @Test
  void anImageIsFoundByDigestAndInEveryOtherRegistry() {
    assertThat(
            ImageNames.further(
                "registry:5000/team/web:1.2", DIGEST, List.of("registry:5000", "mirror.example")))
        .containsExactly(
            "registry:5000/team/web@sha256:abc",
            "mirror.example/team/web:1.2",
            "mirror.example/team/web@sha256:abc");
  }

  @Test
  void whatHasNoTagHasNoFurtherNames() {
    for (String name :
        List.of("docker.io/library/web@sha256:abc", "registry:5000/web", "web:1", "/web:1", "")) {
      assertThat(ImageNames.further(name, DIGEST, List.of("mirror.example"))).isEmpty();
    }
  }
}
