package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NestedMountsTest {
  @TempDir Path volume;

  @Test
  void onlyMountsBelowTheVolumesOwnNeedADirectory() {
    assertThat(nested("config /etc/coredns", "custom /etc/coredns/custom", "o /etc/coredns2"))
        .containsExactly(Path.of("custom"));
    assertThat(nested("config /etc/coredns", "custom /etc")).isEmpty();
    assertThat(nested("custom /a", "o /a/b")).isEmpty();
  }

  @Test
  void ofMountsWithinMountsTheOuterOneNeedsIt() {
    assertThat(nested("config /a", "x /a/b-c", "y /a/b/d/e", "z /a/b", "w /a/q/r"))
        .containsExactlyInAnyOrder(Path.of("b"), Path.of("b-c"), Path.of("q/r"));
  }

  @Test
  void allMountsOfAllContainersCount() {
    PodSpec spec =
        new PodSpecBuilder()
            .addNewInitContainer()
            .withVolumeMounts(mounts("config /one", "x /one/x"))
            .endInitContainer()
            .addNewContainer()
            .withVolumeMounts(mounts("config /two", "config /three", "y /two/y", "z /three/z"))
            .endContainer()
            .addNewEphemeralContainer()
            .withVolumeMounts(mounts("config /four", "w /four/w", "x /one/other"))
            .endEphemeralContainer()
            .build();
    assertThat(NestedMounts.of(spec, "config"))
        .containsExactly(Path.of("w"), Path.of("x"), Path.of("y"), Path.of("z"));
  }

  @Test
  void pathsThatClimbDoNotLeaveTheVolume() {
    assertThat(nested("config /a", "x /a/../../b", "y /a/b/../..", "z a/c", "w ../../../a/d"))
        .containsExactly(Path.of("c"), Path.of("d"));
  }

  @Test
  void directoriesAreMadeForAllToEnterAndMadeOnce() throws IOException {
    Set<Path> wanted = Set.of(Path.of("q/r"));
    NestedMounts.make(volume, wanted, OptionalInt.empty());
    NestedMounts.make(volume, wanted, OptionalInt.empty());
    for (String made : List.of("q", "q/r")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(volume.resolve(made))))
          .isEqualTo("rwxr-xr-x");
    }
  }

  private static Set<Path> nested(String... mounts) {
    return NestedMounts.of(
        new PodSpecBuilder()
            .addNewContainer()
            .withVolumeMounts(mounts(mounts))
            .endContainer()
            .build(),
        "config");
  }

  private static List<VolumeMount> mounts(String... namesAndPlaces) {
    List<VolumeMount> mounts = new ArrayList<>();
    for (String text : namesAndPlaces) {
      int space = text.indexOf(' ');
      mounts.add(
          new VolumeMountBuilder()
              .withName(text.substring(0, space))
              .withMountPath(text.substring(space + 1))
              .build());
    }
    return mounts;
  }
}
