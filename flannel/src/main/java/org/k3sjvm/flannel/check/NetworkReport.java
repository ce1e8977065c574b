package org.k3sjvm.flannel.check;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.linux.echo.EchoAnswer;
import org.k3sjvm.linux.net.Link;

/**
 * What came of a check.
 *
 * @param sides one for each family
 * @param api whether the nodes told who the peers are, or the kernel
 */
public record NetworkReport(List<Side> sides, boolean api) {
  public NetworkReport {
    sides = List.copyOf(sides);
  }

  /** One family. */
  public record Side(OwnEnd own, List<PeerSight> peers, List<Finding> findings) {
    public Side {
      peers = List.copyOf(peers);
      findings = List.copyOf(findings);
    }
  }

  public List<Finding> findings() {
    return sides.stream().flatMap(side -> side.findings().stream()).toList();
  }

  /** For people. */
  public String text() {
    StringBuilder text = new StringBuilder();
    if (!api) {
      text.append("The API does not answer: peers are those that the kernel knows.\n");
    }
    for (Side side : sides) {
      OwnEnd own = side.own();
      text.append(own.name()).append(": ").append(own.deviceName());
      own.device()
          .or(own::uplink)
          .ifPresent(device -> text.append(", MTU ").append(device.mtuBytes()));
      own.device()
          .flatMap(_ -> own.uplink())
          .ifPresent(uplink -> text.append(", on ").append(uplink.name()));
      own.local().ifPresent(local -> text.append(" at ").append(IpAddresses.text(local)));
      text.append('\n');
      side.findings().stream()
          .filter(finding -> finding.peer().isEmpty())
          .forEach(finding -> text.append(text(finding)));
      for (PeerSight peer : side.peers()) {
        text.append("  ").append(peer.target().name()).append(", ").append(line(peer)).append('\n');
        side.findings().stream()
            .filter(finding -> finding.peer().equals(peer.target().name()))
            .forEach(finding -> text.append(text(finding)));
      }
    }
    int peers = sides.stream().mapToInt(side -> side.peers().size()).sum();
    return text.append("%d peers, %d findings%n".formatted(peers, findings().size())).toString();
  }

  private static String line(PeerSight peer) {
    StringBuilder text = new StringBuilder();
    text.append("pods ").append(peer.target().peer().podCidr());
    text.append(", at ").append(IpAddresses.text(peer.target().peer().publicIp())).append(": ");
    if (peer.overlay() instanceof EchoAnswer.Answered(Duration roundTrip)) {
      text.append(
          "%.2f ms".formatted(roundTrip.toNanos() / (double) Duration.ofMillis(1).toNanos()));
      peer.sizes()
          .filter(sizes -> sizes.overlayWhole().answered())
          .ifPresent(sizes -> text.append(", ").append(sizes.overlayBytes()).append(" bytes"));
      peer.tcp()
          .filter(tcp -> tcp.overlay() != PeerSight.Knock.SILENT)
          .ifPresent(_ -> text.append(", TCP"));
    } else {
      text.append("no answer");
    }
    return text.toString();
  }

  private static String text(Finding finding) {
    return """
        %s: %s
          repair on %s: %s
    """
        .formatted(finding.kind().text(), finding.message(), finding.where(), finding.repair());
  }

  /** For programs. */
  public String json() {
    ObjectNode root = KubeJson.newObject();
    root.put("api", api);
    ArrayNode list = root.putArray("sides");
    for (Side side : sides) {
      ObjectNode each = list.addObject();
      OwnEnd own = side.own();
      each.put("node", own.node());
      each.put("family", own.family().name().toLowerCase(Locale.ROOT));
      each.put("device", own.deviceName());
      each.put("backend", own.backend().text());
      own.device().or(own::uplink).map(Link::mtuBytes).ifPresent(mtu -> each.put("mtu", mtu));
      own.uplink().ifPresent(uplink -> each.put("uplink", uplink.name()));
      own.local().ifPresent(local -> each.put("address", IpAddresses.text(local)));
      ArrayNode peers = each.putArray("peers");
      side.peers().forEach(peer -> add(peers.addObject(), peer));
    }
    ArrayNode findings = root.putArray("findings");
    for (Finding finding : findings()) {
      findings
          .addObject()
          .put("kind", finding.kind().text())
          .put("peer", finding.peer())
          .put("message", finding.message())
          .put("where", finding.where())
          .put("repair", finding.repair());
    }
    return root.toPrettyString() + "\n";
  }

  private static void add(ObjectNode node, PeerSight peer) {
    node.put("node", peer.target().peer().node());
    node.put("podCidr", peer.target().peer().podCidr().toString());
    node.put("publicIp", IpAddresses.text(peer.target().peer().publicIp()));
    node.put("answers", peer.overlay().answered());
    if (peer.overlay() instanceof EchoAnswer.Answered(Duration roundTrip)) {
      node.put("roundTripMicros", roundTrip.toNanos() / 1000);
    }
    peer.sizes()
        .ifPresent(
            sizes -> {
              node.put("fullSize", sizes.overlayWhole().answered());
              node.put("underlayFullSize", sizes.underlayWhole().answered());
              sizes.largestBytes().ifPresent(bytes -> node.put("largestBytes", bytes));
            });
    Optional<PeerSight.Tcp> tcp = peer.tcp();
    tcp.ifPresent(t -> node.put("tcp", t.overlay().name().toLowerCase(Locale.ROOT)));
  }
}
