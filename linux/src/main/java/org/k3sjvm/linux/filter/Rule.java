package org.k3sjvm.linux.filter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Element.Extent;
import org.k3sjvm.linux.filter.Element.Value.Verdict;
import org.k3sjvm.linux.filter.SetType.Part;

/**
 * A rule of the few kinds that change often; others are text for {@link PacketFilter}.
 *
 * @param matches all of which a packet must meet
 * @param verdict what becomes of it then
 * @param comment for the reader; empty for none, at most {@value #LONGEST_COMMENT} bytes
 */
public record Rule(List<Match> matches, Verdict verdict, String comment) {
  private static final int LONGEST_COMMENT = 127; // NFT_USERDATA_MAXLEN is 256, nft takes 128

  /** Something of a packet. */
  public enum Field {
    SOURCE("ip saddr", Part.IPV4),
    TARGET("ip daddr", Part.IPV4),
    SOURCE6("ip6 saddr", Part.IPV6),
    TARGET6("ip6 daddr", Part.IPV6),
    PROTOCOL("meta l4proto", Part.PROTOCOL),
    TARGET_PORT("th dport", Part.PORT);

    private final String text;
    private final Part part;

    Field(String text, Part part) {
      this.text = text;
      this.part = part;
    }

    public Part part() {
      return part;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** What a packet must be. */
  public sealed interface Match {}

  /** Of no connection, and no beginning of one. */
  public record Invalid() implements Match {
    @Override
    public String toString() {
      return "ct state invalid";
    }
  }

  /** Its fields, one behind the other, are in a set of the rule's table. */
  public record In(List<Field> fields, String set) implements Match {
    public In {
      fields = List.copyOf(fields);
    }

    @Override
    public String toString() {
      return text(fields) + " @" + set;
    }
  }

  /** Its fields, one behind the other, are one of these, which do not overlap. */
  public record OneOf(List<Field> fields, List<Element> elements) implements Match {
    public OneOf {
      fields = List.copyOf(fields);
      elements = List.copyOf(elements);
    }

    @Override
    public String toString() {
      return text(fields)
          + elements.stream()
              .map(element -> keys(fields, element))
              .collect(Collectors.joining(", ", " { ", " }"));
    }

    private static String keys(List<Field> fields, Element element) {
      List<String> parts = new ArrayList<>();
      int at = 0;
      for (Field field : fields) {
        int end = at + field.part().bytes();
        String first = key(field, Arrays.copyOfRange(element.first().bytes(), at, end));
        String last = key(field, Arrays.copyOfRange(element.last().bytes(), at, end));
        parts.add(
            element.extent() == Extent.POINT || first.equals(last) ? first : first + "-" + last);
        at = (end + 3) / 4 * 4;
      }
      return String.join(" . ", parts);
    }

    private static String key(Field field, byte[] value) {
      return switch (field.part()) {
        case IPV4, IPV6 -> IpAddresses.text(value);
        case PROTOCOL -> protocol(Byte.toUnsignedInt(value[0]));
        case PORT ->
            String.valueOf(Byte.toUnsignedInt(value[0]) << 8 | Byte.toUnsignedInt(value[1]));
      };
    }

    private static String protocol(int number) {
      return switch (number) {
        case 6 -> "tcp";
        case 17 -> "udp";
        case 132 -> "sctp";
        default -> String.valueOf(number);
      };
    }
  }

  public Rule {
    matches = List.copyOf(matches);
    if (comment.length() > LONGEST_COMMENT) {
      throw new IllegalArgumentException("too long a comment: " + comment);
    }
  }

  /** A rule without comment. */
  public static Rule of(List<Match> matches, Element.Value verdict) {
    return new Rule(matches, (Verdict) verdict, "");
  }

  /** As nft takes it. */
  @Override
  public String toString() {
    List<String> words = new ArrayList<>();
    matches.forEach(match -> words.add(match.toString()));
    String kind = verdict.kind().name().toLowerCase(Locale.ROOT);
    words.add(verdict.chain().isEmpty() ? kind : kind + " " + verdict.chain());
    if (!comment.isEmpty()) {
      words.add("comment \"" + comment + "\"");
    }
    return String.join(" ", words);
  }

  private static String text(List<Field> fields) {
    return fields.stream().map(Field::toString).collect(Collectors.joining(" . "));
  }
}
