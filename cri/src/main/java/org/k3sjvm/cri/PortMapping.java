package org.k3sjvm.cri;

/**
 * A port of the sandbox, and the host's port that leads to it.
 *
 * @param hostPort 0 for none; network plugins then ignore the mapping
 * @param hostIp empty for every address of the host
 */
public record PortMapping(Protocol protocol, int containerPort, int hostPort, String hostIp) {
  /** The transport protocol of a port. */
  public enum Protocol {
    TCP,
    UDP,
    SCTP
  }
}
