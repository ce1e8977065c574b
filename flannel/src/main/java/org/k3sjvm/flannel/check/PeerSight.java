package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.k3sjvm.linux.echo.EchoAnswer;

/**
 * What was seen of one peer.
 *
 * @param differences entries of the kernel that should be there and are not, as text
 * @param overlay a small echo to its VXLAN device
 * @param sizes how big packets fare; present when the overlay answers
 * @param tcp present when the overlay answers
 * @param path what lies below; present when the overlay does not answer
 */
public record PeerSight(
    Target target,
    List<String> differences,
    EchoAnswer overlay,
    Optional<Sizes> sizes,
    Optional<Tcp> tcp,
    Optional<Path> path) {
  public PeerSight {
    differences = List.copyOf(differences);
  }

  /**
   * Big packets.
   *
   * @param overlayBytes the device's MTU
   * @param overlayWhole an echo of that size through the tunnel that may not be cut
   * @param largestBytes that passes through the tunnel, where the former does not
   * @param underlayBytes the uplink's MTU
   * @param underlayWhole an echo of that size beside the tunnel that may not be cut
   * @param underlayCut one that may be cut
   */
  public record Sizes(
      int overlayBytes,
      EchoAnswer overlayWhole,
      OptionalInt largestBytes,
      int underlayBytes,
      EchoAnswer underlayWhole,
      EchoAnswer underlayCut) {}

  /**
   * A connection to the kubelet's port.
   *
   * @param overlay to the address of the VXLAN device
   * @param underlay to the node's own address; asked when the former got no answer
   * @param badChecksums the kernel has dropped TCP segments for their checksums meanwhile
   */
  public record Tcp(Knock overlay, Optional<Knock> underlay, boolean badChecksums) {}

  /** What a port says: open or closed, packets pass both ways. */
  public enum Knock {
    OPEN,
    CLOSED,
    SILENT
  }

  /**
   * What lies below the tunnel.
   *
   * @param underlay a small echo to the announced address
   * @param source that the kernel picks for packets to it; empty when it has no way
   * @param elsewhere other addresses of the Node that answer
   * @param senders of VXLAN packets of this peer that came to the uplink, whatever a filter did
   *     then
   * @param delivered the VXLAN device received something meanwhile
   */
  public record Path(
      EchoAnswer underlay,
      Optional<InetAddress> source,
      List<InetAddress> elsewhere,
      Set<InetAddress> senders,
      boolean delivered) {
    public Path {
      elsewhere = List.copyOf(elsewhere);
      senders = Set.copyOf(senders);
    }
  }
}
