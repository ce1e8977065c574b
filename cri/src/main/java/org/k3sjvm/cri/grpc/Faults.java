package org.k3sjvm.cri.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.k3sjvm.cri.CriException;

/** gRPC's statuses as the ports' exceptions. */
final class Faults {
  /** Source: containerd 1.6 pkg/cri/server/instrumented_service.go, checkInitialized. */
  private static final String STARTING = "server is not initialized yet";

  private Faults() {}

  static CriException translate(
      String verb, String subject, CriEndpoint endpoint, StatusRuntimeException e) {
    Status status = e.getStatus();
    String said =
        status.getDescription() == null ? status.getCode().name() : status.getDescription();
    if (status.getCode() == Status.Code.UNKNOWN && said.contains(STARTING)) {
      return new CriException.Unavailable(
          verb, subject, "the runtime at " + endpoint + " is still starting: " + said, e);
    }
    return switch (status.getCode()) {
      case NOT_FOUND -> new CriException.NotFound(verb, subject, said, e);
      case UNIMPLEMENTED -> new CriException.Unimplemented(verb, subject, said, e);
      case DEADLINE_EXCEEDED -> new CriException.DeadlineExceeded(verb, subject, said, e);
      case UNAVAILABLE, CANCELLED ->
          new CriException.Unavailable(
              verb, subject, "the runtime at " + endpoint + " does not answer: " + said, e);
      // containerd marks hardly anything: most faults, passing or not, arrive as UNKNOWN.
      case UNKNOWN, INTERNAL, ABORTED, RESOURCE_EXHAUSTED, DATA_LOSS, ALREADY_EXISTS, OK ->
          new CriException.Rejected(verb, subject, said, true, e);
      case INVALID_ARGUMENT,
          FAILED_PRECONDITION,
          OUT_OF_RANGE,
          PERMISSION_DENIED,
          UNAUTHENTICATED ->
          new CriException.Rejected(verb, subject, said, false, e);
    };
  }
}
