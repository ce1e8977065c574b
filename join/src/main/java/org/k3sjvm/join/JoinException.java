package org.k3sjvm.join;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Joining failed. The message is one line that names the attempt, the subject and the next step.
 */
public abstract sealed class JoinException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private JoinException(String message, Throwable cause) {
    super(message, cause);
  }

  private JoinException(String message) {
    super(message);
  }

  /** The token cannot be read. */
  public static final class InvalidToken extends JoinException {
    private static final long serialVersionUID = 1L;

    InvalidToken(String reason) {
      super(
          "cannot use the token: "
              + reason
              + "; copy it from <data-dir>/server/node-token on a server");
    }
  }

  /** The server is not the one that the token, or the authorities on disk, speak of. */
  public static final class Untrusted extends JoinException {
    private static final long serialVersionUID = 1L;

    Untrusted(String message) {
      super(message);
    }

    Untrusted(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** No server answers. */
  public static final class Unreachable extends JoinException {
    private static final long serialVersionUID = 1L;

    Unreachable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The server does not accept the token (401, or 403 outside of the node's password). */
  public static final class Unauthorized extends JoinException {
    private static final long serialVersionUID = 1L;

    Unauthorized(String message) {
      super(message);
    }
  }

  /** The name belongs to a node with another password (403). */
  public static final class PasswordRejected extends JoinException {
    private static final long serialVersionUID = 1L;

    PasswordRejected(String message) {
      super(message);
    }
  }

  /** Any other answer that is no success, or an answer that makes no sense. */
  public static final class BadAnswer extends JoinException {
    private static final long serialVersionUID = 1L;
    private final int status;

    BadAnswer(int status, String message) {
      super(message);
      this.status = status;
    }

    /** The HTTP status; 200 when the body was at fault. */
    public int status() {
      return status;
    }
  }

  /** The node and the cluster do not speak the same address families; no waiting mends it. */
  public static final class FamilyMismatch extends JoinException {
    private static final long serialVersionUID = 1L;

    FamilyMismatch(String message) {
      super(message);
    }
  }

  /** This host lacks something for now: an address, a file, space on a disk. */
  public static final class HostUnfit extends JoinException {
    private static final long serialVersionUID = 1L;

    HostUnfit(String message) {
      super(message);
    }

    HostUnfit(String message, Throwable cause) {
      super(message, cause);
    }

    static HostUnfit cannotWrite(Path file, IOException cause) {
      String text = String.valueOf(cause.getMessage());
      String next =
          text.contains("No space left") || text.contains("quota")
              ? "free some space there"
              : "check that the directory exists and is writable";
      return new HostUnfit("cannot write " + file + ": " + text + "; " + next, cause);
    }
  }
}
