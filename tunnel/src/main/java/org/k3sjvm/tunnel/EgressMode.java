package org.k3sjvm.tunnel;

/** How far servers may reach through a node. Source: k3s v1.36.3 --egress-selector-mode. */
public enum EgressMode {
  /** The kubelet and the streaming port; servers dial nodes themselves and do not use it. */
  DISABLED,
  /** The kubelet and the streaming port. */
  AGENT,
  /** Also the pods of this node. */
  POD,
  /** Also every node and the whole cluster network. */
  CLUSTER;

  /** Reads the server's setting; empty means agent. */
  public static EgressMode parse(String text) {
    return switch (text) {
      case "", "agent" -> AGENT;
      case "disabled" -> DISABLED;
      case "pod" -> POD;
      case "cluster" -> CLUSTER;
      default -> throw new IllegalArgumentException("not an egress selector mode: " + text);
    };
  }
}
