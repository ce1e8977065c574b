package org.k3sjvm.server;

import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.server.pki.PkiConfig;
import org.k3sjvm.server.supervisor.SupervisorConfig;

/**
 * The embedded server.
 *
 * @param dataDirectory {@code <data>}; the server keeps to {@code <data>/server}
 * @param listen address and port of the supervisor and the API; port 0 for a free one
 * @param advertiseAddress where agents reach the server
 * @param clusterCidr where pods get their addresses from
 * @param serviceCidr where services get theirs from
 * @param clusterDns the cluster's name server; the tenth service address as a rule
 * @param clusterDomain such as {@code cluster.local}
 * @param flannelBackend {@code vxlan}, {@code host-gw}, {@code wireguard-native} or {@code none}
 * @param nodeName the name of this host
 * @param names of {@code --tls-san}: further names and addresses of the server
 * @param token of {@code --token}
 * @param agentToken of {@code --agent-token}
 * @param kubeconfig of {@code --write-kubeconfig}
 */
public record ServerConfig(
    Path dataDirectory,
    HostPort listen,
    InetAddress advertiseAddress,
    Cidr clusterCidr,
    Cidr serviceCidr,
    InetAddress clusterDns,
    String clusterDomain,
    String flannelBackend,
    String nodeName,
    List<String> names,
    Optional<Secret> token,
    Optional<Secret> agentToken,
    Path kubeconfig) {
  /** Source: k3s v1.36.3 pkg/cli/cmds/server.go. */
  public static final int DEFAULT_PORT = 6443;

  /** Source: k3s v1.36.3 pkg/cli/cmds/server.go. */
  public static final String DEFAULT_FLANNEL_BACKEND = "vxlan";

  /** Source: k3s v1.36.3 pkg/cli/server: the tenth address of the service network. */
  private static final int DNS_OFFSET = 10;

  /** Source: k3s v1.36.3 pkg/cli/cmds/server.go, service-node-port-range. */
  private static final int NODE_PORT_BASE = 30000;

  private static final int NODE_PORT_SIZE = 2768;

  public ServerConfig {
    names = List.copyOf(names);
    if (clusterCidr.isIpv6() != serviceCidr.isIpv6()) {
      throw new IllegalArgumentException(
          "--cluster-cidr and --service-cidr must be of one IP family");
    }
  }

  /** The usual cluster on this address. */
  public static ServerConfig defaults(
      Path dataDirectory, String nodeName, InetAddress advertiseAddress) {
    Cidr services = ControlPlaneConfig.DEFAULT_SERVICE_CIDR;
    return new ServerConfig(
        dataDirectory,
        new HostPort("0.0.0.0", DEFAULT_PORT),
        advertiseAddress,
        ControlPlaneConfig.DEFAULT_CLUSTER_CIDR,
        services,
        services.at(DNS_OFFSET),
        ControlPlaneConfig.DEFAULT_CLUSTER_DOMAIN,
        DEFAULT_FLANNEL_BACKEND,
        nodeName,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        PkiConfig.DEFAULT_KUBECONFIG);
  }

  Path directory() {
    return dataDirectory.resolve("server");
  }

  PkiConfig pki() {
    List<String> all = new ArrayList<>(List.of(nodeName, IpAddresses.text(advertiseAddress)));
    all.addAll(names);
    return new PkiConfig(
        directory(),
        clusterDomain,
        all,
        serviceCidr.at(1),
        token,
        agentToken,
        kubeconfig,
        URI.create("https://" + new HostPort(loopbackOrListen(), listen.port())));
  }

  /** kubectl on this host connects here. */
  private String loopbackOrListen() {
    return switch (listen.host()) {
      case "0.0.0.0" -> "127.0.0.1";
      case "::" -> clusterCidr.isIpv6() ? "::1" : "127.0.0.1";
      default -> listen.host();
    };
  }

  SupervisorConfig supervisor() {
    return new SupervisorConfig(
        listen.port(),
        List.of(clusterCidr),
        List.of(serviceCidr),
        NODE_PORT_BASE,
        NODE_PORT_SIZE,
        List.of(clusterDns),
        clusterDomain,
        flannelBackend,
        "agent",
        false,
        false,
        false,
        nodeName,
        names);
  }
}
