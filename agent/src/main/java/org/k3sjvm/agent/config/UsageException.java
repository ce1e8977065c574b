package org.k3sjvm.agent.config;

/**
 * The command line, the environment or the configuration file is wrong; the message names the flag
 * and what to do.
 */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UsageException(String message) {
    super(message);
  }

  public UsageException(String message, Throwable cause) {
    super(message, cause);
  }
}
