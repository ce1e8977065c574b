package org.k3sjvm.server.pki;

import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;

/**
 * What the cluster's certificates and tokens depend on.
 *
 * @param directory {@code <data>/server}
 * @param clusterDomain such as {@code cluster.local}
 * @param names further names and addresses by which the server is reached: host name, node
 *     addresses, {@code --tls-san}
 * @param serviceAddress of the service {@code kubernetes}, the first of the service network
 * @param token of {@code --token}: a password, or a full token whose password counts; otherwise
 *     that of the last start, or a new one
 * @param agentToken of {@code --agent-token}; otherwise agents use {@code token}
 * @param kubeconfig where the admin's kubeconfig goes
 * @param kubeconfigServer the URL in it
 */
public record PkiConfig(
    Path directory,
    String clusterDomain,
    List<String> names,
    InetAddress serviceAddress,
    Optional<Secret> token,
    Optional<Secret> agentToken,
    Path kubeconfig,
    URI kubeconfigServer) {

  /** Source: k3s v1.36.3 pkg/server, HomeKubeConfig. */
  public static final Path DEFAULT_KUBECONFIG = Path.of("/etc/rancher/k3s/k3s.yaml");

  public PkiConfig {
    names = List.copyOf(names);
  }

  /** The alternative names of the API server's certificate that are no addresses. */
  List<String> dnsNames() {
    List<String> result = new ArrayList<>();
    for (String name :
        List.of(
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc." + clusterDomain,
            "localhost")) {
      result.add(name);
    }
    names.stream()
        .filter(name -> !IpAddresses.isLiteral(name) && !result.contains(name))
        .distinct()
        .forEach(result::add);
    return List.copyOf(result);
  }

  List<InetAddress> addresses() {
    return Stream.concat(
            Stream.of(IpAddresses.parse("127.0.0.1"), IpAddresses.parse("::1"), serviceAddress),
            names.stream().filter(IpAddresses::isLiteral).map(IpAddresses::parse))
        .distinct()
        .toList();
  }
}
