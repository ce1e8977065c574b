package org.k3sjvm.cli;

import static org.k3sjvm.agent.config.Flag.Type.BOOL;
import static org.k3sjvm.agent.config.Flag.Type.INT;
import static org.k3sjvm.agent.config.Flag.Type.LIST;
import static org.k3sjvm.agent.config.Flag.Type.STRING;

import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.agent.config.AgentFlags;
import org.k3sjvm.agent.config.Flag;

/**
 * The flags of {@code k3s server}: its own, and those of the agent beside it. Source: k3s v1.36
 * {@code k3s server --help}.
 */
final class ServerFlags {
  static final Flag ADVERTISE_ADDRESS =
      Flag.of(
          STRING,
          "advertise-address",
          "Address that agents reach the server at (default: node-ip)");
  static final Flag HTTPS_LISTEN_PORT =
      Flag.of(INT, "https-listen-port", "Port of the supervisor and the API (default: 6443)");
  static final Flag AGENT_TOKEN =
      Flag.of(STRING, "agent-token", "Token that joins agents, but no servers")
          .env("K3S_AGENT_TOKEN");
  static final Flag TLS_SAN =
      Flag.of(LIST, "tls-san", "Further name or address of the server's certificate");
  static final Flag CLUSTER_CIDR =
      Flag.of(STRING, "cluster-cidr", "Network of pods (default: 10.42.0.0/16)");
  static final Flag SERVICE_CIDR =
      Flag.of(STRING, "service-cidr", "Network of services (default: 10.43.0.0/16)");
  static final Flag CLUSTER_DNS =
      Flag.of(
          STRING, "cluster-dns", "The cluster's name server (default: the tenth service address)");
  static final Flag CLUSTER_DOMAIN =
      Flag.of(STRING, "cluster-domain", "Domain of services (default: cluster.local)");
  static final Flag FLANNEL_BACKEND =
      Flag.of(
          STRING, "flannel-backend", "vxlan, host-gw, wireguard-native or none (default: vxlan)");
  static final Flag WRITE_KUBECONFIG =
      Flag.of(
              STRING,
              "write-kubeconfig",
              "Where the admin's kubeconfig goes (default: /etc/rancher/k3s/k3s.yaml)")
          .alias("o")
          .env("K3S_KUBECONFIG_OUTPUT");
  static final Flag DISABLE =
      Flag.of(LIST, "disable", "Packaged component to leave out; this server ships none");
  static final Flag DISABLE_AGENT =
      Flag.of(BOOL, "disable-agent", "Run no agent beside the server");

  private static final List<Flag> OWN =
      List.of(
          ADVERTISE_ADDRESS,
          HTTPS_LISTEN_PORT,
          AGENT_TOKEN,
          TLS_SAN,
          CLUSTER_CIDR,
          SERVICE_CIDR,
          CLUSTER_DNS,
          CLUSTER_DOMAIN,
          FLANNEL_BACKEND,
          WRITE_KUBECONFIG,
          DISABLE,
          DISABLE_AGENT);

  /** In the order of the help text. */
  static final List<Flag> ALL = all();

  private ServerFlags() {}

  private static List<Flag> all() {
    List<Flag> all = new ArrayList<>(OWN);
    AgentFlags.ALL.stream().filter(flag -> !flag.equals(AgentFlags.SERVER)).forEach(all::add);
    return List.copyOf(all);
  }
}
