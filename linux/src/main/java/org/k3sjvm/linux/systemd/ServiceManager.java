package org.k3sjvm.linux.systemd;

/** Who started the agent and may wait for it. */
@FunctionalInterface
public interface ServiceManager {
  /** Nobody is waiting. */
  ServiceManager NONE = _ -> {};

  /**
   * Sends one state, such as {@link #READY}.
   *
   * @throws org.k3sjvm.linux.LinuxException when the datagram cannot be sent
   */
  void tell(String state);

  /** Source: k3s v1.36.3 pkg/agent/run.go, exactly one datagram with this text. */
  String READY = "READY=1\n";
}
