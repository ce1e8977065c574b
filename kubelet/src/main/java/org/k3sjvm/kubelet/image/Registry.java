package org.k3sjvm.kubelet.image;

import java.util.Locale;
import java.util.Optional;

/**
 * A part of registries: a host with {@code *} in its labels, a port, and the beginning of a path.
 *
 * <p>Source: Kubernetes v1.36 pkg/credentialprovider/keyring.go, URLsMatch.
 *
 * @param port empty for none; a pattern without one matches only names without one
 * @param path empty, or with its slash
 */
record Registry(String host, String port, String path) {
  /**
   * Reads a pattern or a name, which have no scheme.
   *
   * @return empty when it is neither
   */
  static Optional<Registry> parse(String text) {
    String bare = cut(cut(text, '#'), '?');
    int slash = bare.indexOf('/');
    String authority = slash < 0 ? bare : bare.substring(0, slash);
    String path = slash < 0 ? "" : bare.substring(slash);
    boolean bad = authority.chars().anyMatch(c -> c <= ' ' || c == '%' || c == '"' || c == '<');
    if (bad) {
      return Optional.empty();
    }
    int colon = authority.lastIndexOf(':');
    boolean hasPort = colon > authority.lastIndexOf(']');
    String port = hasPort ? authority.substring(colon + 1) : "";
    if (!port.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Optional.empty();
    }
    return Optional.of(
        new Registry(hasPort ? authority.substring(0, colon) : authority, port, path));
  }

  /** The place of a login as docker writes it: a scheme and an API version do not count. */
  static Optional<Registry> ofLogin(String key) {
    String lower = key.toLowerCase(Locale.ROOT);
    int scheme = lower.startsWith("https://") ? 8 : lower.startsWith("http://") ? 7 : 0;
    return parse(key.substring(scheme))
        .map(
            r -> {
              boolean versioned = r.path.startsWith("/v1/") || r.path.startsWith("/v2/");
              String path = versioned ? r.path.substring(3) : r.path;
              return new Registry(r.host, r.port, path.equals("/") ? "" : path);
            });
  }

  /** Whether a repository belongs to it. */
  boolean matches(Registry repository) {
    if (!port.equals(repository.port) || !repository.path.startsWith(path)) {
      return false;
    }
    String[] wanted = host.split("\\.", -1);
    String[] is = repository.host.split("\\.", -1);
    if (wanted.length != is.length) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      if (!glob(wanted[i], is[i])) {
        return false;
      }
    }
    return true;
  }

  /** As in the index that logins are sorted by. */
  @Override
  public String toString() {
    return host + (port.isEmpty() ? "" : ":" + port) + path;
  }

  private static String cut(String text, char at) {
    int found = text.indexOf(at);
    return found < 0 ? text : text.substring(0, found);
  }

  /** {@code *} stands for any characters; linear in the length of the texts for each star. */
  private static boolean glob(String pattern, String text) {
    int p = 0;
    int t = 0;
    int star = -1;
    int resume = 0;
    while (t < text.length()) {
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = p++;
        resume = t;
      } else if (p < pattern.length() && pattern.charAt(p) == text.charAt(t)) {
        p++;
        t++;
      } else if (star >= 0) {
        p = star + 1;
        t = ++resume;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }
}
