package org.k3sjvm.join;

import java.net.InetAddress;
import java.util.List;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.secret.Secret;

/**
 * What a server tells its agents. Servers of other releases leave fields out; they are then zero,
 * false or empty. Source: k3s v1.36.3 pkg/daemons/config, Control.
 *
 * @param supervisorPort of supervisor requests and tunnels
 * @param apiServerPort of the Kubernetes API; often the same
 * @param clusterCidrs pod networks, the primary family first
 * @param serviceCidrs service networks, the primary family first
 * @param nodePorts of services of type NodePort
 * @param clusterDns addresses of the cluster's name server
 * @param clusterDomain such as {@code cluster.local}
 * @param flannelBackend {@code vxlan}, {@code host-gw}, {@code none} …
 * @param egressSelectorMode {@code disabled}, {@code agent}, {@code pod} or {@code cluster}
 * @param ipsecKey hex; may be empty
 * @param systemDefaultRegistry prefix of system images; may be empty
 * @param disableCloudController whether nobody will initialize nodes of the external cloud provider
 * @param minTlsVersion such as {@code VersionTLS12}; empty for the default
 */
public record ServerSettings(
    int supervisorPort,
    int apiServerPort,
    List<Cidr> clusterCidrs,
    List<Cidr> serviceCidrs,
    PortRange nodePorts,
    List<InetAddress> clusterDns,
    String clusterDomain,
    String flannelBackend,
    boolean flannelIpv6Masquerade,
    boolean flannelExternalAddress,
    String egressSelectorMode,
    boolean embeddedRegistry,
    boolean supervisorMetrics,
    Secret ipsecKey,
    String systemDefaultRegistry,
    boolean disableCloudController,
    boolean disableNetworkPolicy,
    boolean disableKubeProxy,
    String minTlsVersion,
    List<String> cipherSuites) {

  public ServerSettings {
    clusterCidrs = List.copyOf(clusterCidrs);
    serviceCidrs = List.copyOf(serviceCidrs);
    clusterDns = List.copyOf(clusterDns);
    cipherSuites = List.copyOf(cipherSuites);
  }

  /** Whether the API server listens on a port of its own, and needs a load balancer of its own. */
  public boolean separateApiServerPort() {
    return supervisorPort != apiServerPort;
  }
}
