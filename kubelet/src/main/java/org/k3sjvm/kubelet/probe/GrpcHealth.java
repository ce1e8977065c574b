package org.k3sjvm.kubelet.probe;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.handler.PodSocket;
import org.k3sjvm.kubelet.handler.Texts;

/**
 * Asks {@code grpc.health.v1.Health/Check}, without encryption.
 *
 * <p>Source: Kubernetes v1.36 pkg/probe/grpc/grpc.go.
 */
final class GrpcHealth {
  private static final int UNIMPLEMENTED = 12;
  private static final int DEADLINE_EXCEEDED = 4;
  private static final int SERVING = 1;

  private GrpcHealth() {}

  static Answer check(String host, int port, String service, Duration limit)
      throws InterruptedException {
    String address = Texts.address(host, port);
    @Nullable PodSocket socket = null;
    @Nullable GrpcCall call = null;
    try {
      socket = PodSocket.connect(host, port, limit);
      call = new GrpcCall(socket.getInputStream(), socket.getOutputStream());
      Answer answer = answer(call.check(address, service, limit), limit);
      socket.close();
      return answer;
    } catch (IOException e) {
      if (socket != null) {
        socket.abort();
      }
      if (Thread.interrupted()) {
        throw Checks.interrupted(e);
      }
      boolean greeted = call != null && call.greeted();
      boolean late = e instanceof SocketTimeoutException;
      if (!greeted) {
        return new Answer.Bad(
            late
                ? "timeout: failed to connect service \"%s\" within %s: context deadline exceeded"
                    .formatted(address, Texts.duration(limit))
                : "error: failed to connect service at \"" + address + "\": " + e.getMessage());
      }
      return new Answer.Bad(
          late
              ? "timeout: health rpc did not complete within " + Texts.duration(limit)
              : "error: health rpc probe failed: rpc error: code = Unavailable desc = "
                  + e.getMessage());
    }
  }

  private static Answer answer(GrpcCall.Reply reply, Duration limit) {
    return switch (reply.code()) {
      case 0 ->
          reply.serving() == SERVING
              ? new Answer.Good()
              : new Answer.Bad(
                  "service unhealthy (responded with \"" + name(reply.serving()) + "\")");
      case UNIMPLEMENTED ->
          new Answer.Bad(
              "error: this server does not implement the grpc health protocol"
                  + " (grpc.health.v1.Health): "
                  + reply.message());
      case DEADLINE_EXCEEDED ->
          new Answer.Bad("timeout: health rpc did not complete within " + Texts.duration(limit));
      default ->
          new Answer.Bad(
              "error: health rpc probe failed: rpc error: code = %s desc = %s"
                  .formatted(code(reply.code()), reply.message()));
    };
  }

  /** Source: grpc/health/v1/health.proto, ServingStatus. */
  private static String name(long serving) {
    return switch ((int) serving) {
      case 0 -> "UNKNOWN";
      case SERVING -> "SERVING";
      case 2 -> "NOT_SERVING";
      case 3 -> "SERVICE_UNKNOWN";
      default -> Long.toString(serving);
    };
  }

  /** Source: grpc-go codes/code_string.go. */
  private static String code(int code) {
    String[] names = {
      "OK",
      "Canceled",
      "Unknown",
      "InvalidArgument",
      "DeadlineExceeded",
      "NotFound",
      "AlreadyExists",
      "PermissionDenied",
      "ResourceExhausted",
      "FailedPrecondition",
      "Aborted",
      "OutOfRange",
      "Unimplemented",
      "Internal",
      "Unavailable",
      "DataLoss",
      "Unauthenticated"
    };
    return code >= 0 && code < names.length ? names[code] : "Code(" + code + ")";
  }
}
