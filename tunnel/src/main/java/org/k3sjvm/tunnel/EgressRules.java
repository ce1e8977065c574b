package org.k3sjvm.tunnel;

import java.net.InetAddress;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;

/**
 * What servers may have dialled through this node; pure. Only TCP to an address in digits, whatever
 * the mode, so that no server can make the node ask a name server.
 *
 * <p>Source: k3s v1.36.3 pkg/agent/tunnel/tunnel.go, authorized and isKubeletOrStreamPort.
 *
 * @param kubelet where the kubelet listens; a wildcard address means the loopback
 */
public record EgressRules(EgressMode mode, HostPort kubelet) {
  /** The port on which k3s has containerd serve exec, attach and port-forward streams. */
  private static final int STREAMING_PORT = 10010;

  /**
   * Decides on a wish.
   *
   * @param protocol such as {@code tcp}
   * @param address {@code host:port} as the server sent it
   */
  public EgressDecision decide(String protocol, String address, EgressView view) {
    if (!protocol.equals("tcp")) {
      return new EgressDecision.Denied("only tcp is dialled here, not " + protocol);
    }
    HostPort wanted;
    InetAddress host;
    try {
      wanted = HostPort.parse(address);
      host = IpAddresses.parse(wanted.host());
    } catch (IllegalArgumentException e) {
      return new EgressDecision.Denied("not an IP address and a port: " + address);
    }
    if (isExactLoopback(host)) {
      return decideLoopback(wanted);
    }
    boolean allowed =
        switch (mode) {
          case DISABLED, AGENT -> false;
          case POD ->
              view.podIps().contains(host)
                  || (view.nodeIps().contains(host) && view.hostPorts().contains(wanted.port()));
          case CLUSTER ->
              view.podIps().contains(host)
                  || view.nodeIps().contains(host)
                  || view.clusterCidrs().stream().anyMatch(cidr -> cidr.contains(host));
        };
    return allowed
        ? new EgressDecision.Allowed(wanted)
        : new EgressDecision.Denied("connect not allowed to " + address);
  }

  private EgressDecision decideLoopback(HostPort wanted) {
    if (wanted.port() == kubelet.port()) {
      boolean wildcard =
          IpAddresses.isLiteral(kubelet.host())
              && IpAddresses.parse(kubelet.host()).isAnyLocalAddress();
      return new EgressDecision.Allowed(wildcard ? wanted : kubelet);
    }
    return wanted.port() == STREAMING_PORT
        ? new EgressDecision.Allowed(wanted)
        : new EgressDecision.Denied("connect not allowed to port " + wanted.port());
  }

  private static boolean isExactLoopback(InetAddress host) {
    return host.equals(IpAddresses.parse("127.0.0.1")) || host.equals(IpAddresses.parse("::1"));
  }
}
