package org.k3sjvm.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.containerd.config.ExtraRuntime;

class ContainerdTest {
  @Test
  void theDefaultRuntimeIsOneThatTheHostHas() {
    List<ExtraRuntime> found =
        List.of(new ExtraRuntime("crun", "io.containerd.runc.v2", Optional.empty()));
    for (String name : List.of("runc", "crun")) {
      assertThatCode(() -> Containerd.checkRuntime(Optional.of(name), found))
          .doesNotThrowAnyException();
    }
    assertThatThrownBy(() -> Containerd.checkRuntime(Optional.of("nvidia"), found))
        .isInstanceOf(ContainerdException.BadConfiguration.class)
        .hasMessageContaining("which has runc, crun;");
  }

  @Test
  void labelsAreAskedForWhereTheHostHasThemAndOnlyThere() {
    Optional<String> runtime = Optional.of("system_u:system_r:container_runtime_t:s0");
    assertThat(SeLinux.advice(true, runtime)).isEmpty();
    assertThat(SeLinux.advice(false, Optional.empty())).isEmpty();
    assertThat(SeLinux.advice(false, runtime))
        .hasValueSatisfying(t -> assertThat(t).contains("--selinux"));
    assertThat(SeLinux.advice(true, Optional.of("unconfined"))).isPresent();
    assertThat(SeLinux.advice(true, Optional.empty())).isPresent();
  }
}
