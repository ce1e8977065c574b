package org.k3sjvm.containerd.registry;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;

/**
 * A place to pull from.
 *
 * @param url with scheme, host and path
 * @param overridePath whether the path is used as it is, in place of {@code /v2}
 */
record Endpoint(URI url, boolean overridePath) {
  private static final int HTTPS_PORT = 443;
  private static final String DOCKER_HUB = "docker.io";
  private static final String DOCKER_HUB_SERVER = "registry-1.docker.io";

  /**
   * Reads a URL, or a host with an optional port and path.
   *
   * @return empty when it is neither
   */
  static Optional<Endpoint> parse(String text) {
    try {
      URI given = new URI(text.contains("://") ? text : "//" + text);
      String authority = given.getRawAuthority();
      if (authority == null || authority.isEmpty()) {
        return Optional.empty();
      }
      URI named = authority.equals(DOCKER_HUB) ? withAuthority(given, DOCKER_HUB_SERVER) : given;
      String scheme = named.getScheme() == null ? guessScheme(named) : named.getScheme();
      String path = named.getRawPath() == null ? "" : named.getRawPath();
      boolean plain = path.isEmpty() || path.equals("/") || path.equals("/v2");
      URI url = URI.create(scheme + "://" + named.getRawAuthority() + (plain ? "/v2" : path));
      return Optional.of(new Endpoint(url, !plain));
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  /** Host with its port, as the user's {@code configs} name it. */
  String authority() {
    return url.getRawAuthority();
  }

  /** The name a user may have written for the same server. */
  Optional<String> alias() {
    return authority().equals(DOCKER_HUB_SERVER) ? Optional.of(DOCKER_HUB) : Optional.empty();
  }

  private static URI withAuthority(URI from, String authority) throws URISyntaxException {
    return new URI(from.getScheme(), authority, from.getPath(), null, null);
  }

  /** A registry on this host with a port of its own hardly has a certificate. */
  private static String guessScheme(URI url) {
    String host = url.getHost() == null ? "" : url.getHost();
    boolean local = host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
    return local && url.getPort() != -1 && url.getPort() != HTTPS_PORT ? "http" : "https";
  }
}
