package org.k3sjvm.join;

import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.secret.Secret;

/**
 * Where to join, as whom.
 *
 * @param server the URL of {@code --server}
 * @param endpoint where requests go: the local load balancer, or {@code server} without one
 * @param token of {@code --token} or its file; may be absent on a node that joined before
 * @param agentDirectory {@code <data>/agent}; made if missing
 * @param nodeDirectory where the node's password and id live
 * @param nodeName any case
 * @param withNodeId whether the node's id becomes part of the name
 * @param nodeAddresses of {@code --node-ip}, in order; empty to choose from the host's interfaces
 * @param externalAddresses of {@code --node-external-ip}, in order
 * @param flannelInterface of {@code --flannel-iface}
 * @param resolvConf of {@code --resolv-conf}
 * @param runtimeEndpoint for crictl.yaml, a URI
 * @param imageEndpoint for crictl.yaml, when it differs
 * @param allowNewCluster whether a node that belongs to one cluster may go over to another that the
 *     token does not pin
 */
public record JoinConfig(
    URI server,
    URI endpoint,
    Optional<Secret> token,
    Path agentDirectory,
    Path nodeDirectory,
    String nodeName,
    boolean withNodeId,
    List<InetAddress> nodeAddresses,
    List<InetAddress> externalAddresses,
    Optional<String> flannelInterface,
    Optional<Path> resolvConf,
    String runtimeEndpoint,
    Optional<String> imageEndpoint,
    boolean allowNewCluster) {

  /** Source: k3s v1.36.3 pkg/agent/containerd. */
  public static final String DEFAULT_RUNTIME_ENDPOINT =
      "unix:///run/k3s/containerd/containerd.sock";

  public JoinConfig {
    if (!"https".equals(server.getScheme()) || server.getHost() == null) {
      throw new IllegalArgumentException(
          "--server must be https://HOST[:PORT], not '" + server + "'");
    }
    if (nodeName.isBlank()) {
      throw new IllegalArgumentException("the host has no name; set one with --node-name");
    }
    nodeAddresses = List.copyOf(nodeAddresses);
    externalAddresses = List.copyOf(externalAddresses);
  }
}
