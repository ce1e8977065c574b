package org.k3sjvm.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Optional;

/** Answers and faults of the wire to our exceptions. */
final class Failures {
  private static final int GATEWAY_TIMEOUT = 504;

  private Failures() {}

  /**
   * The exception for a fault of the connection.
   *
   * @throws InterruptedException when the fault is that this thread was interrupted
   */
  static KubeException of(String attempt, IOException e) throws InterruptedException {
    boolean flagged = Thread.interrupted();
    if (flagged || e.getCause() instanceof InterruptedException) {
      InterruptedException interrupted = new InterruptedException("interrupted in: " + attempt);
      interrupted.initCause(e);
      throw interrupted;
    }
    String message =
        switch (e) {
          case HttpTimeoutException _ -> "the server did not answer in time";
          case JsonProcessingException json ->
              "the answer is not the JSON of the API: " + json.getOriginalMessage();
          default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    return new KubeException.Unavailable(attempt, message, e);
  }

  /** The exception for a Status object. */
  static KubeException ofStatus(String attempt, JsonNode status) {
    return ofStatus(attempt, status.path("code").asInt(500), status, Optional.empty());
  }

  /**
   * The exception for an answer.
   *
   * @param retryAfter what the header of that name says
   */
  static KubeException ofStatus(
      String attempt, int code, JsonNode status, Optional<Duration> retryAfter) {
    String message = status.path("message").asText("");
    if (code == GATEWAY_TIMEOUT && message.contains("Too large resource version")) {
      return new KubeException.Gone(attempt, message); // the server's history restarted behind us
    }
    JsonNode seconds = status.at("/details/retryAfterSeconds");
    Optional<Duration> wait =
        seconds.isInt() ? Optional.of(Duration.ofSeconds(seconds.asInt())) : retryAfter;
    return KubeException.of(attempt, code, status.path("reason").asText(""), message, wait);
  }
}
