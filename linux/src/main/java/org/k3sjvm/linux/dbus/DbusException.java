package org.k3sjvm.linux.dbus;

/** The other side answered with an error. */
public final class DbusException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String name;

  DbusException(String name, String message) {
    super(name + ": " + message);
    this.name = name;
  }

  /** Such as {@code org.freedesktop.systemd1.NoSuchUnit}. */
  public String name() {
    return name;
  }
}
