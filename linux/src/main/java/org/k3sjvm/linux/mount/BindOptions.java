package org.k3sjvm.linux.mount;

/**
 * How a bind mount is made.
 *
 * @param readOnly no writes through this mount
 */
public record BindOptions(boolean readOnly) {
  public static final BindOptions READ_WRITE = new BindOptions(false);
  public static final BindOptions READ_ONLY = new BindOptions(true);
}
