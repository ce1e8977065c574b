package org.k3sjvm.agent.config;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;

/**
 * The proxy through which the load balancers dial servers: the environment's for {@code --server},
 * if the agent may use one. Pure. Source: k3s v1.36.3 pkg/agent/loadbalancer/httpproxy.go and
 * golang.org/x/net/http/httpproxy.
 */
public final class ServerProxy {
  static final String ALLOWED = "K3S_AGENT_HTTP_PROXY_ALLOWED";

  /** Source: Go's strconv.ParseBool. */
  private static final Set<String> TRUE = Set.of("1", "t", "T", "TRUE", "true", "True");

  private ServerProxy() {}

  /**
   * The proxy to use; empty for none.
   *
   * @param server with host and port
   * @throws UsageException when the environment names one that cannot be read
   */
  public static Optional<URI> of(Map<String, String> environment, URI server) {
    if (!TRUE.contains(environment.getOrDefault(ALLOWED, ""))) {
      return Optional.empty();
    }
    Optional<String> named = first(environment, "HTTPS_PROXY", "https_proxy");
    String exceptions = first(environment, "NO_PROXY", "no_proxy").orElse("");
    HostPort target = new HostPort(bare(server.getHost()), server.getPort());
    return named.filter(_ -> !isExcepted(exceptions, target)).map(ServerProxy::parse);
  }

  private static Optional<String> first(Map<String, String> environment, String... names) {
    return Stream.of(names)
        .map(name -> environment.getOrDefault(name, ""))
        .filter(value -> !value.isEmpty())
        .findFirst();
  }

  /** Without a scheme it is an http proxy. */
  private static URI parse(String text) {
    try {
      URI uri = new URI(text.contains("://") ? text : "http://" + text);
      if (uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Told below, without the text: it may hold a password.
    }
    throw new UsageException(
        "HTTPS_PROXY cannot be read as the URL of a proxy; write it as http://HOST:PORT, or leave "
            + ALLOWED
            + " unset");
  }

  private static boolean isExcepted(String exceptions, HostPort target) {
    Optional<InetAddress> address =
        IpAddresses.isLiteral(target.host())
            ? Optional.of(IpAddresses.parse(target.host()))
            : Optional.empty();
    return target.host().equals("localhost")
        || address.filter(InetAddress::isLoopbackAddress).isPresent()
        || Stream.of(exceptions.split(",", -1))
            .map(entry -> entry.strip().toLowerCase(Locale.ROOT))
            .filter(entry -> !entry.isEmpty())
            .anyMatch(entry -> excepts(entry, target, address));
  }

  private static boolean excepts(String entry, HostPort target, Optional<InetAddress> address) {
    if (entry.equals("*")) {
      return true;
    }
    if (entry.contains("/")) {
      return cidr(entry).filter(range -> address.filter(range::contains).isPresent()).isPresent();
    }
    HostPort parsed;
    try {
      parsed = HostPort.parse(entry, 0);
    } catch (IllegalArgumentException e) {
      return false;
    }
    if (parsed.port() != 0 && parsed.port() != target.port()) {
      return false;
    }
    if (IpAddresses.isLiteral(parsed.host())) {
      return address.filter(IpAddresses.parse(parsed.host())::equals).isPresent();
    }
    String name = parsed.host().startsWith("*.") ? parsed.host().substring(1) : parsed.host();
    String host = target.host().toLowerCase(Locale.ROOT);
    return name.startsWith(".")
        ? host.endsWith(name)
        : host.equals(name) || host.endsWith("." + name);
  }

  private static Optional<Cidr> cidr(String text) {
    try {
      return Optional.of(Cidr.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static String bare(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }
}
