package org.k3sjvm.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.linux.filter.Connection;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.filter.TableName;
import org.k3sjvm.linux.net.ForwardingEntry;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.Neighbour;
import org.k3sjvm.linux.net.Route;
import org.k3sjvm.linux.net.VxlanSettings;

/**
 * Messages of the kernel, by what is done with them. The kernel is believed: a message without its
 * fixed part may end in any exception, but none may make the reader go on for ever.
 */
public final class FuzzedNetlink implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    MacAddress mac = MacAddress.parse("02:42:ac:11:00:02");
    var address = IpAddresses.parse("10.0.0.1");
    return List.of(
        target("netlink link", LinkMessages::parse)
            .seeds(
                LinkMessages.createVxlan(
                    "flannel.1",
                    mac,
                    1450,
                    new VxlanSettings(
                        1, 2, Optional.of(address), Optional.empty(), 8472, false, false))),
        target("netlink route", RouteMessages::parse)
            .seeds(
                RouteMessages.replace(
                    new Route(Cidr.parse("10.42.1.0/24"), Optional.of(address), 3, true))),
        target("netlink neighbour", FuzzedNetlink::neighbour)
            .seeds(
                NeighbourMessages.replace(new Neighbour(3, address, mac)),
                NeighbourMessages.replace(new ForwardingEntry(3, mac, address))),
        target("netlink address", AddressMessages::parse)
            .seeds(
                HexFormat.of()
                    .parseHex(
                        "2c000000140000000000000000000000021800000300000008000100" + "0a000001")),
        target("netlink connection", message -> ConnectionMessages.parse(message, 17))
            .seeds(
                ConnectionMessages.delete(
                    new Connection(17, address, 1, address, 2, address, 3, 4))),
        target("netlink set elements", FuzzedNetlink::elements)
            .seeds(
                FilterMessages.batch(
                    List.of(
                        new ElementChange.Add(
                            new SetName(new TableName("ip", "t"), "s"),
                            List.of(Element.of(Packed.ofAddress(address))))),
                    new ArrayList<>())));
  }

  private interface Reader {
    Object read(ByteBuffer message);
  }

  private static FuzzTarget target(String name, Reader reader) {
    return FuzzTarget.bytes(
            name,
            in -> reader.read(ByteBuffer.wrap(in).order(ByteOrder.nativeOrder())),
            RuntimeException.class)
        .upTo(4096);
  }

  private static Object elements(ByteBuffer message) {
    List<FilterMessages.Edge> edges = new ArrayList<>();
    FilterMessages.parseElements(message, edges);
    return edges;
  }

  private static Object neighbour(ByteBuffer message) {
    var _ = NeighbourMessages.parse(message.duplicate().order(ByteOrder.nativeOrder()));
    return NeighbourMessages.parseForwarding(message);
  }
}
