package org.k3sjvm.linux;

/**
 * The kernel, or a program of the host, refused. The kinds are what callers can act on; the number
 * is kept for the message.
 */
public abstract sealed class LinuxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  private LinuxException(String message, int errno) {
    super(message);
    this.errno = errno;
  }

  private LinuxException(String message, Throwable cause) {
    super(message, cause);
    this.errno = 0;
  }

  /**
   * The fault for an error number.
   *
   * @param attempt what was tried, such as {@code "create link flannel.1"}
   * @param errno positive, as in errno(3)
   */
  public static LinuxException of(String attempt, int errno) {
    return of(attempt, errno, "");
  }

  /**
   * As {@link #of(String, int)}, with the kernel's own words.
   *
   * @param detail what the kernel added, empty for nothing
   */
  public static LinuxException of(String attempt, int errno, String detail) {
    String message =
        "cannot "
            + attempt
            + ": "
            + Errno.text(errno)
            + (detail.isEmpty() ? "" : " (" + detail + ")");
    return switch (errno) {
      case Errno.ENOENT, Errno.ESRCH, Errno.ENODEV, Errno.ENXIO, Errno.EADDRNOTAVAIL ->
          new NotFound(message, errno);
      case Errno.EEXIST -> new AlreadyExists(message, errno);
      case Errno.EPERM, Errno.EACCES, Errno.EROFS -> new Denied(message, errno);
      case Errno.EBUSY, Errno.EAGAIN, Errno.EINTR, Errno.ENOBUFS, Errno.ENOMEM ->
          new Busy(message, errno);
      case Errno.EOPNOTSUPP, Errno.EPROTONOSUPPORT, Errno.EAFNOSUPPORT, Errno.ENOSYS ->
          new Unsupported(message, errno);
      default -> new Failed(message, errno);
    };
  }

  /** The error number, 0 when a program and not the kernel refused. */
  public int errno() {
    return errno;
  }

  /** Whether the same call may succeed a little later. */
  public boolean retryable() {
    return switch (this) {
      case Busy _, TimedOut _ -> true;
      case NotFound _, AlreadyExists _, Denied _, Unsupported _, Failed _ -> false;
    };
  }

  /** The link, route, file or program does not exist. */
  public static final class NotFound extends LinuxException {
    private static final long serialVersionUID = 1L;

    public NotFound(String message, int errno) {
      super(message, errno);
    }

    public NotFound(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Something with this name or key is there already. */
  public static final class AlreadyExists extends LinuxException {
    private static final long serialVersionUID = 1L;

    public AlreadyExists(String message, int errno) {
      super(message, errno);
    }
  }

  /** The process may not do this: a capability is missing, or the file system is read-only. */
  public static final class Denied extends LinuxException {
    private static final long serialVersionUID = 1L;

    public Denied(String message, int errno) {
      super(message, errno);
    }

    public Denied(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** In use, or out of buffers, for now. */
  public static final class Busy extends LinuxException {
    private static final long serialVersionUID = 1L;

    public Busy(String message, int errno) {
      super(message, errno);
    }
  }

  /** This kernel, or this host, cannot do it: a module or a program is missing. */
  public static final class Unsupported extends LinuxException {
    private static final long serialVersionUID = 1L;

    public Unsupported(String message, int errno) {
      super(message, errno);
    }
  }

  /** A program did not end before its deadline, and was killed. */
  public static final class TimedOut extends LinuxException {
    private static final long serialVersionUID = 1L;

    public TimedOut(String message) {
      super(message, 0);
    }
  }

  /** Refused for another reason; the message says which. */
  public static final class Failed extends LinuxException {
    private static final long serialVersionUID = 1L;

    public Failed(String message, int errno) {
      super(message, errno);
    }

    public Failed(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
