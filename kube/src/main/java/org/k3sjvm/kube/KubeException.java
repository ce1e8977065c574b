package org.k3sjvm.kube;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why a request to the Kubernetes API did not succeed. */
public abstract sealed class KubeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String attempt;
  private final String statusMessage;

  private KubeException(String attempt, String statusMessage, @Nullable Throwable cause) {
    super("cannot " + attempt + ": " + statusMessage, cause);
    this.attempt = attempt;
    this.statusMessage = statusMessage;
  }

  /** What was tried, such as {@code get pods default/web}. */
  public String attempt() {
    return attempt;
  }

  /** What the server said, or what happened on the way. */
  public String statusMessage() {
    return statusMessage;
  }

  /** Whether the same request may succeed later without anybody changing it. */
  public abstract boolean retryable();

  /** HTTP 404. */
  public static final class NotFound extends KubeException {
    private static final long serialVersionUID = 1L;

    public NotFound(String attempt, String statusMessage) {
      super(attempt, statusMessage, null);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** HTTP 409 for an object that exists. */
  public static final class AlreadyExists extends KubeException {
    private static final long serialVersionUID = 1L;

    public AlreadyExists(String attempt, String statusMessage) {
      super(attempt, statusMessage, null);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** HTTP 409: somebody else changed the object; read it again. */
  public static final class Conflict extends KubeException {
    private static final long serialVersionUID = 1L;

    public Conflict(String attempt, String statusMessage) {
      super(attempt, statusMessage, null);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** HTTP 410: the version asked for is too old; list again. */
  public static final class Gone extends KubeException {
    private static final long serialVersionUID = 1L;

    public Gone(String attempt, String statusMessage) {
      super(attempt, statusMessage, null);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** HTTP 403. A node also sees it for a short time, until the authorizer knows of a new pod. */
  public static final class Forbidden extends KubeException {
    private static final long serialVersionUID = 1L;

    public Forbidden(String attempt, String statusMessage) {
      super(attempt, statusMessage, null);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** HTTP 401: the credentials are not accepted. */
  public static final class Unauthorized extends KubeException {
    private static final long serialVersionUID = 1L;

    public Unauthorized(String attempt, String statusMessage) {
      super(attempt, statusMessage, null);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** HTTP 400, 422 and other refusals of the request as such. */
  public static final class Invalid extends KubeException {
    private static final long serialVersionUID = 1L;

    public Invalid(String attempt, String statusMessage) {
      super(attempt, statusMessage, null);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** HTTP 429. */
  public static final class Throttled extends KubeException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    public Throttled(String attempt, String statusMessage, Duration retryAfter) {
      super(attempt, statusMessage, null);
      this.retryAfter = retryAfter;
    }

    /** How long the server asks to wait; zero when it did not say. */
    public Duration retryAfter() {
      return retryAfter;
    }

    @Override
    public boolean retryable() {
      return true;
    }
  }

  /** No usable answer: no connection, no answer in time, HTTP 5xx, or not the API's JSON. */
  public static final class Unavailable extends KubeException {
    private static final long serialVersionUID = 1L;

    public Unavailable(String attempt, String statusMessage, @Nullable Throwable cause) {
      super(attempt, statusMessage, cause);
    }

    @Override
    public boolean retryable() {
      return true;
    }
  }

  /**
   * The exception for an answer of the API.
   *
   * @param code the HTTP status, 400 or more
   * @param reason of the Status object; empty when there was none
   */
  public static KubeException of(
      String attempt, int code, String reason, String message, Optional<Duration> retryAfter) {
    String text = message.isEmpty() ? "the server answered " + code : message;
    return switch (code) {
      case 401 -> new Unauthorized(attempt, text);
      case 403 -> new Forbidden(attempt, text);
      case 404 -> new NotFound(attempt, text);
      case 409 ->
          reason.equals("AlreadyExists")
              ? new AlreadyExists(attempt, text)
              : new Conflict(attempt, text);
      case 410 -> new Gone(attempt, text);
      case 429 -> new Throttled(attempt, text, retryAfter.orElse(Duration.ZERO));
      default -> code >= 500 ? new Unavailable(attempt, text, null) : new Invalid(attempt, text);
    };
  }
}
