package org.k3sjvm.tunnel;

/** Decides what servers may have dialled; asked on the tunnel's reading thread, must not block. */
@FunctionalInterface
public interface Authorizer {
  /** A side that dials nothing: the server's. */
  Authorizer NOBODY = (protocol, address) -> new EgressDecision.Denied("connect not allowed");

  EgressDecision decide(String protocol, String address);
}
