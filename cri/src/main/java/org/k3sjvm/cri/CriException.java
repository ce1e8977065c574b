package org.k3sjvm.cri;

import org.jspecify.annotations.Nullable;

/**
 * The runtime did not do what it was asked. The message names verb, subject and the runtime's own
 * words.
 */
public abstract sealed class CriException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String verb;
  private final String subject;
  private final String detail;

  private CriException(String verb, String subject, String detail, @Nullable Throwable cause) {
    super(verb + (subject.isEmpty() ? "" : " " + subject) + ": " + detail, cause);
    this.verb = verb;
    this.subject = subject;
    this.detail = detail;
  }

  /** The CRI call, such as {@code StopContainer}. */
  public String verb() {
    return verb;
  }

  /** What it was about: an id, a name or an image; may be empty. */
  public String subject() {
    return subject;
  }

  /** The runtime's own words, without verb and subject. */
  public String detail() {
    return detail;
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  public abstract boolean retryable();

  /** The sandbox, container or image does not exist. */
  public static final class NotFound extends CriException {
    private static final long serialVersionUID = 1L;

    public NotFound(String verb, String subject, String detail, @Nullable Throwable cause) {
      super(verb, subject, detail, cause);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** The runtime does not answer; it is away or restarting. Whether it acted is unknown. */
  public static final class Unavailable extends CriException {
    private static final long serialVersionUID = 1L;

    public Unavailable(String verb, String subject, String detail, @Nullable Throwable cause) {
      super(verb, subject, detail, cause);
    }

    @Override
    public boolean retryable() {
      return true;
    }
  }

  /** The runtime tried or looked, and refused. */
  public static final class Rejected extends CriException {
    private static final long serialVersionUID = 1L;

    private final boolean retryable;

    /**
     * @param retryable whether the runtime called it a passing fault
     */
    public Rejected(
        String verb, String subject, String detail, boolean retryable, @Nullable Throwable cause) {
      super(verb, subject, detail, cause);
      this.retryable = retryable;
    }

    @Override
    public boolean retryable() {
      return retryable;
    }
  }

  /** The runtime is too old for the call. */
  public static final class Unimplemented extends CriException {
    private static final long serialVersionUID = 1L;

    public Unimplemented(String verb, String subject, String detail, @Nullable Throwable cause) {
      super(verb, subject, detail, cause);
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  /** No answer in time, or a command that did not end in time. Whether it acted is unknown. */
  public static final class DeadlineExceeded extends CriException {
    private static final long serialVersionUID = 1L;

    public DeadlineExceeded(String verb, String subject, String detail, @Nullable Throwable cause) {
      super(verb, subject, detail, cause);
    }

    @Override
    public boolean retryable() {
      return true;
    }
  }
}
