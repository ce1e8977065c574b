package org.k3sjvm.serviceproxy.model;

import java.net.InetAddress;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.filter.TableName;

/** IPv4 or IPv6; each has a table of its own and knows nothing of the other. */
public enum Family {
  IPV4("ip", "IPv4", 4),
  IPV6("ip6", "IPv6", 16);

  private final String nft;
  private final String apiName;
  private final int addressBytes;

  Family(String nft, String apiName, int addressBytes) {
    this.nft = nft;
    this.apiName = apiName;
    this.addressBytes = addressBytes;
  }

  public static Family of(InetAddress address) {
    return address.getAddress().length == 16 ? IPV6 : IPV4;
  }

  public static Family of(Cidr network) {
    return of(network.address());
  }

  /** Ours, named as kube-proxy's, so that its clean-up finds it. */
  public TableName table() {
    return new TableName(nft, "kube-proxy");
  }

  public SetName set(String name) {
    return new SetName(table(), name);
  }

  /** As the API and kube-proxy's metrics write it. */
  public String apiName() {
    return apiName;
  }

  public int addressBytes() {
    return addressBytes;
  }

  /** {@code ip} or {@code ip6}. */
  public String nft() {
    return nft;
  }
}
