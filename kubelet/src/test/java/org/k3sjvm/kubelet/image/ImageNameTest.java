package org.k3sjvm.kubelet.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageNameTest {
  private static final String HEX =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  @ParameterizedTest
  @CsvSource({
    "busybox, docker.io/library/busybox, busybox:latest, Always",
    "busybox:latest, docker.io/library/busybox, busybox:latest, Always",
    "busybox:1, docker.io/library/busybox, busybox:1, IfNotPresent",
    "rancher/mirrored-pause:3.6, docker.io/rancher/mirrored-pause, rancher/mirrored-pause:3.6,"
        + " IfNotPresent",
    "docker.io/busybox, docker.io/library/busybox, docker.io/busybox:latest, Always",
    "index.docker.io/a/b:2, docker.io/a/b, index.docker.io/a/b:2, IfNotPresent",
    "localhost/a, localhost/a, localhost/a:latest, Always",
    "reg.example:5000/team/app, reg.example:5000/team/app, reg.example:5000/team/app:latest,"
        + " Always",
    "[::1]:5000/app:v1, [::1]:5000/app, [::1]:5000/app:v1, IfNotPresent",
    "a__b/c-d.e, docker.io/a__b/c-d.e, a__b/c-d.e:latest, Always"
  })
  void isReadAsRuntimesReadIt(String text, String repository, String tagged, String policy) {
    ImageName name = ImageName.parse(text);

    assertThat(name.repository()).isEqualTo(repository);
    assertThat(name.tagged()).isEqualTo(tagged);
    assertThat(name.defaultPolicy()).isEqualTo(policy);
  }

  @Test
  void aDigestNeedsNoTag() {
    ImageName name = ImageName.parse("busybox@sha256:" + HEX);

    assertThat(name.tagged()).isEqualTo("busybox@sha256:" + HEX);
    assertThat(name.repository()).isEqualTo("docker.io/library/busybox");
    assertThat(name.defaultPolicy()).isEqualTo("IfNotPresent");
    assertThat(ImageName.parse("busybox:latest@sha256:" + HEX).defaultPolicy()).isEqualTo("Always");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "a b",
        "/a",
        "a//b",
        "a/",
        "a:",
        "a@",
        "a@sha256:12",
        "-a",
        "a___b",
        "reg_x.example/a",
        "a\nb",
        "../etc",
        "http://a/b",
        HEX
      })
  void whatIsNoneIsRefused(String text) {
    assertThatThrownBy(() -> ImageName.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("couldn't parse image name");
  }

  @Test
  void saysWhyInUpstreamsWords() {
    assertThatThrownBy(() -> ImageName.parse("FOO"))
        .hasMessage(
            "couldn't parse image name \"FOO\": invalid reference format:"
                + " repository name (library/FOO) must be lowercase");
    assertThatThrownBy(() -> ImageName.parse("inva@lid"))
        .hasMessage("couldn't parse image name \"inva@lid\": invalid reference format");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "a-", "a/", "a.", "a:"})
  void veryLongNamesAreRefusedAtOnce(String part) {
    assertThatThrownBy(() -> ImageName.parse(part.repeat(500)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ImageName.parse(part.repeat(500_000)))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .hasSizeLessThan(200);
  }
}
