package org.k3sjvm.base.net;

import java.util.Comparator;

/**
 * A host, by name or address, and a TCP or UDP port.
 *
 * @param host a name or an IP literal, IPv6 without brackets
 * @param port 0 to 65535
 */
public record HostPort(String host, int port) implements Comparable<HostPort> {
  private static final Comparator<HostPort> ORDER =
      Comparator.comparing(HostPort::host).thenComparingInt(HostPort::port);

  public HostPort {
    if (host.isEmpty() || host.startsWith("[")) {
      throw new IllegalArgumentException("not a host: '" + host + "'");
    }
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("not a port: " + port);
    }
  }

  /**
   * Reads {@code host:port} or {@code [v6]:port}.
   *
   * @throws IllegalArgumentException when the text is neither, or has no port
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0 || (text.indexOf(':') != colon && !text.startsWith("["))) {
      throw new IllegalArgumentException("not host:port: '" + text + "'");
    }
    return of(text.substring(0, colon), text.substring(colon + 1), text);
  }

  /**
   * Reads {@code host:port}, {@code host}, {@code [v6]:port}, {@code [v6]} or a bare IPv6 address.
   */
  public static HostPort parse(String text, int defaultPort) {
    boolean bareV6 = !text.startsWith("[") && text.indexOf(':') != text.lastIndexOf(':');
    if (bareV6) {
      return new HostPort(text, defaultPort);
    }
    if (text.endsWith("]") || text.indexOf(':') < 0) {
      return of(text, Integer.toString(defaultPort), text);
    }
    return parse(text);
  }

  private static HostPort of(String host, String port, String text) {
    String bare =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    try {
      return new HostPort(bare, Integer.parseInt(port));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not host:port: '" + text + "'", e);
    }
  }

  @Override
  public int compareTo(HostPort other) {
    return ORDER.compare(this, other);
  }

  /** {@code host:port}, an IPv6 address in brackets. */
  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
