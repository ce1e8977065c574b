package org.k3sjvm.nodepassword;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;

/**
 * The node as a server knows it.
 *
 * @param name the node's name, lower-case, with the id appended when that was asked for
 * @param id 8 hex characters that stay with the host
 * @param password what proves that the name is ours
 */
public record NodeIdentity(String name, String id, Secret password) {
  public static final String NAME_HEADER = "K3s-Node-Name";
  public static final String PASSWORD_HEADER = "K3s-Node-Password";
  public static final String ADDRESS_HEADER = "K3s-Node-IP";

  public NodeIdentity {
    if (name.isBlank() || !name.equals(name.toLowerCase(Locale.ROOT))) {
      throw new IllegalArgumentException(
          "not a node name: '" + name + "'; set one in lower case with --node-name");
    }
    if (password.reveal().isBlank()) {
      throw new IllegalArgumentException("the node password is empty");
    }
  }

  /**
   * The headers of a request for a node certificate, in sending order.
   *
   * @param addresses may be empty, the address header is then left out
   */
  public Map<String, String> headers(List<InetAddress> addresses) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put(NAME_HEADER, name);
    headers.put(PASSWORD_HEADER, password.reveal());
    if (!addresses.isEmpty()) {
      headers.put(
          ADDRESS_HEADER,
          addresses.stream().map(IpAddresses::text).collect(Collectors.joining(",")));
    }
    return headers;
  }
}
