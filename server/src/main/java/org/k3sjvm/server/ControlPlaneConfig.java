package org.k3sjvm.server;

import java.net.InetAddress;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import org.k3sjvm.base.net.Cidr;

/**
 * What the control plane is told.
 *
 * @param datastore the SQLite file; its directory must exist
 * @param clusterCidr where pods get their addresses from
 * @param serviceCidr where services get their addresses from
 * @param clusterDomain such as {@code cluster.local}
 * @param serviceAccountKey signs service account tokens
 * @param rootCaPem what pods trust as the API's authority
 * @param apiAddress where the API is reached, for the endpoints of the service {@code kubernetes}
 * @param apiPort the port there
 * @param version what the API says it is, such as {@code v1.32.9+k3s1}
 */
public record ControlPlaneConfig(
    Path datastore,
    Cidr clusterCidr,
    Cidr serviceCidr,
    String clusterDomain,
    KeyPair serviceAccountKey,
    String rootCaPem,
    InetAddress apiAddress,
    int apiPort,
    String version) {
  /** Source: k3s v1.36.3 pkg/cli/cmds/server.go. */
  public static final Cidr DEFAULT_CLUSTER_CIDR = Cidr.parse("10.42.0.0/16");

  /** Source: k3s v1.36.3 pkg/cli/cmds/server.go. */
  public static final Cidr DEFAULT_SERVICE_CIDR = Cidr.parse("10.43.0.0/16");

  public static final String DEFAULT_CLUSTER_DOMAIN = "cluster.local";

  /** The API level that is offered: that of Kubernetes v1.32. */
  public static final String DEFAULT_VERSION = "v1.32.9+k3s1";

  public ControlPlaneConfig {
    if (!version.startsWith("v") || version.split("\\.", -1).length < 3) {
      throw new IllegalArgumentException("not a version like v1.32.9+k3s1: " + version);
    }
  }

  /** Who signs service account tokens, as verifiers know it. */
  public String issuer() {
    return "https://kubernetes.default.svc." + clusterDomain;
  }

  /** Audiences of the API. Source: k3s v1.36.3 pkg/daemons/control/server.go. */
  public List<String> audiences() {
    return List.of(issuer(), "k3s");
  }
}
