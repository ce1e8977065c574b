package org.k3sjvm.serviceproxy.rules;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Element.Extent;
import org.k3sjvm.linux.filter.Element.Value;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.program.ServiceSet;
import org.k3sjvm.serviceproxy.program.ServiceSet.Holds;
import org.k3sjvm.serviceproxy.program.ServiceSet.Part;

/** Sets and their elements in nft's words. */
public final class SetText {
  private SetText() {}

  /** {@code set cluster-ips { type ipv4_addr; }}. */
  static String declaration(ServiceSet set, Family family) {
    String kind = set.holds() == Holds.NOTHING ? "set " : "map ";
    String flags = set == ServiceSet.FIREWALL_SOURCES ? " flags interval;" : "";
    return kind + set.setName() + " { " + type(set, family) + ";" + flags + " }";
  }

  /** Numbers have no name as a type: sets with slots, and pairs with them, are told by examples. */
  private static String type(ServiceSet set, Family family) {
    String ip = family.nft();
    if (set.holds() == Holds.ENDPOINTS) {
      return "typeof "
          + set.parts().stream().map(part -> example(part, ip)).collect(Collectors.joining(" . "))
          + " : "
          + ip
          + " daddr . th dport";
    }
    String address = family == Family.IPV4 ? "ipv4_addr" : "ipv6_addr";
    String key =
        set.parts().stream()
            .map(
                part ->
                    switch (part) {
                      case ADDRESS -> address;
                      case PROTOCOL -> "inet_proto";
                      case PORT -> "inet_service";
                      case SLOT -> "mark";
                    })
            .collect(Collectors.joining(" . "));
    return "type " + key + (set.holds() == Holds.VERDICTS ? " : verdict" : "");
  }

  private static String example(Part part, String ip) {
    return switch (part) {
      case ADDRESS -> ip + " daddr";
      case PROTOCOL -> "meta l4proto";
      case PORT -> "th dport";
      case SLOT -> "numgen random mod 65536";
    };
  }

  /** {@code 10.43.0.1 . 6 . 443 : goto internal-1}. */
  public static String element(ServiceSet set, Family family, Element element) {
    List<String> first = parts(element.first(), set.parts(), family);
    List<String> last = parts(element.last(), set.parts(), family);
    List<String> both = new ArrayList<>();
    for (int i = 0; i < first.size(); i++) {
      boolean range = element.extent() == Extent.BOX && !first.get(i).equals(last.get(i));
      both.add(range ? first.get(i) + "-" + last.get(i) : first.get(i));
    }
    String key = String.join(" . ", both);
    return switch (element.value()) {
      case Value.None _ -> key;
      case Value.Data(Packed packed) ->
          key + " : " + String.join(" . ", parts(packed, List.of(Part.ADDRESS, Part.PORT), family));
      case Value.Verdict(Value.Kind kind, String chain) ->
          key
              + " : "
              + switch (kind) {
                case DROP -> "drop";
                case ACCEPT -> "accept";
                case CONTINUE -> "continue";
                case RETURN -> "return";
                case JUMP -> "jump " + chain;
                case GOTO -> "goto " + chain;
              };
    };
  }

  private static List<String> parts(Packed packed, List<Part> parts, Family family) {
    ByteBuffer bytes = ByteBuffer.wrap(packed.bytes());
    List<String> texts = new ArrayList<>();
    for (Part part : parts) {
      int at = bytes.position();
      int length = part == Part.ADDRESS ? family.addressBytes() : 4;
      texts.add(
          switch (part) {
            case ADDRESS -> address(Arrays.copyOfRange(bytes.array(), at, at + length));
            case PROTOCOL -> Integer.toString(bytes.get(at));
            case PORT -> Integer.toString(Short.toUnsignedInt(bytes.getShort(at)));
            case SLOT ->
                Integer.toString(
                    ByteBuffer.wrap(bytes.array(), at, 4).order(ByteOrder.nativeOrder()).getInt());
          });
      bytes.position(at + length);
    }
    return texts;
  }

  private static String address(byte[] bytes) {
    InetAddress address = Packed.ofBytes(bytes).toAddress();
    return IpAddresses.text(address);
  }
}
