package org.k3sjvm.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.testing.FakeContainerRuntime;

class CriReadyTest {
  @Test
  void aRuntimeThatIsStillStartingIsWaitedForWhateverItAnswers() throws InterruptedException {
    FakeContainerRuntime runtime = FakeContainerRuntime.create();
    runtime.failNext("Version", new CriException.Unavailable("Version", "", "no socket", null));
    runtime.failNext("Version", new CriException.Unimplemented("Version", "", "no CRI", null));
    runtime.failNext(
        "Version",
        new CriException.Rejected("Version", "", "server is not initialized yet", false, null));
    assertThat(new CriReady(InstantSource.system(), _ -> {}).await(runtime).name())
        .isEqualTo("fake");
  }
}
