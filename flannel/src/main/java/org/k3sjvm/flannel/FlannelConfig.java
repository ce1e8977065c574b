package org.k3sjvm.flannel;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.uplink.UplinkWishes;

/**
 * What flannel is told by the server, the command line and the layout of the data directory.
 *
 * @param backend empty for {@code none}: another network runs on this node
 * @param clusterCidrs pods of all nodes: one, or one of each family
 * @param networksFile the administrator's, which names them; empty where the servers do
 * @param uplink decides which interface carries the packets
 * @param vxlan of the device
 * @param wireguard of its interfaces
 * @param wireguardKeyFile this node's private key; made where there is none
 * @param announced addresses that peers are to send to in place of the interface's, by family
 * @param ipv6Masquerade translate what IPv6 pods send to elsewhere
 * @param cniForm which list to write
 * @param netConfFile is written, unless it is empty
 * @param subnetFile is written
 * @param cniConfDir gets the list; the container runtime watches it
 * @param cniBinDirs where the container runtime finds plugins
 */
public record FlannelConfig(
    String nodeName,
    Optional<BackendType> backend,
    List<Cidr> clusterCidrs,
    Optional<Path> networksFile,
    UplinkWishes uplink,
    VxlanOptions vxlan,
    WireguardOptions wireguard,
    Path wireguardKeyFile,
    Map<Family, InetAddress> announced,
    boolean ipv6Masquerade,
    CniForm cniForm,
    Optional<Path> netConfFile,
    Path subnetFile,
    Path cniConfDir,
    List<Path> cniBinDirs) {
  /** Which list of CNI plugins is written. */
  public enum CniForm {
    /** The plugin flannel, which then runs bridge: upstream's. */
    DELEGATED,
    /** The plugin bridge itself: one program less for each pod, and Debian's plugins suffice. */
    EXPANDED
  }

  /** Source: flannel v0.28 main.go, subnet-file. */
  public static final Path DEFAULT_SUBNET_FILE = Path.of("/run/flannel/subnet.env");

  public FlannelConfig {
    clusterCidrs = List.copyOf(clusterCidrs);
    announced = Map.copyOf(announced);
    cniBinDirs = List.copyOf(cniBinDirs);
    if (nodeName.isEmpty()) {
      throw new IllegalArgumentException("flannel needs the node's name");
    }
    if (backend.isPresent()
        && (clusterCidrs.isEmpty() || networks(clusterCidrs).size() != clusterCidrs.size())) {
      throw new IllegalArgumentException(
          "flannel needs one cluster CIDR, or one of each family, not " + clusterCidrs);
    }
  }

  /**
   * The backend of that name.
   *
   * @param flag as {@code --flannel-backend} of the server has it
   * @return empty for {@code none}
   * @throws IllegalArgumentException for one that this agent does not have
   */
  public static Optional<BackendType> backendOf(String flag) {
    return switch (flag) {
      case "vxlan" -> Optional.of(BackendType.VXLAN);
      case "host-gw" -> Optional.of(BackendType.HOST_GW);
      case "wireguard-native" -> Optional.of(BackendType.WIREGUARD);
      case "none" -> Optional.empty();
      default ->
          throw new IllegalArgumentException(
              "this agent has no flannel backend '"
                  + flag
                  + "': start the servers with --flannel-backend=vxlan, host-gw or"
                  + " wireguard-native, or none for another network");
    };
  }

  /** Pods of all nodes, by family. */
  public Map<Family, Cidr> networks() {
    return networks(clusterCidrs);
  }

  private static Map<Family, Cidr> networks(List<Cidr> cidrs) {
    Map<Family, Cidr> byFamily = new EnumMap<>(Family.class);
    cidrs.forEach(cidr -> byFamily.put(Family.of(cidr), cidr));
    return byFamily;
  }
}
