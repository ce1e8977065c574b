package org.k3sjvm.containerd;

import org.jspecify.annotations.Nullable;

/** containerd cannot be started as asked. The message says what to do next. */
public abstract sealed class ContainerdException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private ContainerdException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** A program that is needed is not on the PATH. */
  public static final class MissingProgram extends ContainerdException {
    private static final long serialVersionUID = 1L;

    public MissingProgram(String program) {
      super(
          "cannot start containerd: "
              + program
              + " is not installed or not on the PATH; run: apt-get install -y containerd runc"
              + " containernetworking-plugins, or name a runtime that runs already with"
              + " --container-runtime-endpoint",
          null);
    }
  }

  /** A file that the user wrote cannot be read, or a value in it is bad. */
  public static final class BadConfiguration extends ContainerdException {
    private static final long serialVersionUID = 1L;

    public BadConfiguration(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** Writing below the data directory failed: full, read-only, or not ours. */
  public static final class CannotWrite extends ContainerdException {
    private static final long serialVersionUID = 1L;

    public CannotWrite(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** containerd is installed but does not do what it should. */
  public static final class Failed extends ContainerdException {
    private static final long serialVersionUID = 1L;

    public Failed(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
