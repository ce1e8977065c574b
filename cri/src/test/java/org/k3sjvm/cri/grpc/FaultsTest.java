package org.k3sjvm.cri.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.CriException;

class FaultsTest {
  private static CriException translated(Status status) {
    return Faults.translate(
        "Version", "", new CriEndpoint(Path.of("/run/c.sock")), status.asRuntimeException());
  }

  @Test
  void aRuntimeThatIsStillStartingIsAwayAndNotBroken() {
    assertThat(translated(Status.UNKNOWN.withDescription("server is not initialized yet")))
        .isInstanceOf(CriException.Unavailable.class);
  }

  @Test
  void otherFaultsWithoutANameAreRefusalsThatMayPass() {
    assertThat(translated(Status.UNKNOWN.withDescription("disk quota exceeded")))
        .isInstanceOf(CriException.Rejected.class)
        .matches(CriException::retryable);
  }
}
