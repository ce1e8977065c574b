package org.k3sjvm.linux.host;

/** Capabilities that the agent looks at, with their bit. Source: linux/capability.h. */
public enum Capability {
  NET_ADMIN(12),
  SYS_MODULE(16),
  SYS_ADMIN(21),
  SYS_RESOURCE(24),
  SYSLOG(34);

  private final int bit;

  Capability(int bit) {
    this.bit = bit;
  }

  boolean in(long mask) {
    return (mask >>> bit & 1) != 0;
  }
}
