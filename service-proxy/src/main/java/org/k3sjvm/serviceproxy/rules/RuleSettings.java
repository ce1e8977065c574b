package org.k3sjvm.serviceproxy.rules;

import java.util.List;
import org.k3sjvm.base.net.Cidr;

/**
 * What decides about the chains, for both families.
 *
 * @param podNetworks whose addresses are local to the cluster; what comes from elsewhere is
 *     masqueraded. Empty when nobody can tell
 * @param serviceNetworks whose unused addresses answer nothing
 * @param masqueradeAll whether traffic of pods is masqueraded, too
 * @param masqueradeBit of the packet's mark, 0 to 31
 * @param nodePortNetworks which addresses of this node have node ports; empty for all but loopback
 * @param loopbackNodePorts whether 127.0.0.1 has them, too
 */
public record RuleSettings(
    List<Cidr> podNetworks,
    List<Cidr> serviceNetworks,
    boolean masqueradeAll,
    int masqueradeBit,
    List<Cidr> nodePortNetworks,
    boolean loopbackNodePorts) {
  public static final int DEFAULT_MASQUERADE_BIT = 14;

  public RuleSettings {
    podNetworks = List.copyOf(podNetworks);
    serviceNetworks = List.copyOf(serviceNetworks);
    nodePortNetworks = List.copyOf(nodePortNetworks);
    if (masqueradeBit < 0 || masqueradeBit > 31) {
      throw new IllegalArgumentException("not a bit of a mark: " + masqueradeBit);
    }
  }

  /** The same, and 127.0.0.1 has node ports. */
  public RuleSettings withLoopbackNodePorts() {
    return new RuleSettings(
        podNetworks, serviceNetworks, masqueradeAll, masqueradeBit, nodePortNetworks, true);
  }

  /** With what kube-proxy assumes. */
  public static RuleSettings of(List<Cidr> podNetworks, List<Cidr> serviceNetworks) {
    return new RuleSettings(
        podNetworks, serviceNetworks, false, DEFAULT_MASQUERADE_BIT, List.of(), false);
  }
}
