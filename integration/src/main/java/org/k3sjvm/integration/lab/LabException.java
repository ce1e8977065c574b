package org.k3sjvm.integration.lab;

import org.jspecify.annotations.Nullable;

/** The lab could not be set up, or something in it did not happen in time. */
public final class LabException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LabException(String message) {
    this(message, null);
  }

  public LabException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
