package org.k3sjvm.linux.filter;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a set or map is for.
 *
 * @param key the parts of its keys, in order
 * @param verdicts whether each key stands for a verdict
 */
public record SetType(List<Part> key, boolean verdicts) {
  /** A part of a key. The numbers are those of nft; the kernel only keeps them for it. */
  public enum Part {
    IPV4("ipv4_addr", 7, 4),
    IPV6("ipv6_addr", 8, 16),
    PROTOCOL("inet_proto", 12, 1),
    PORT("inet_service", 13, 2);

    private final String text;
    private final int number;
    private final int bytes;

    Part(String text, int number, int bytes) {
      this.text = text;
      this.number = number;
      this.bytes = bytes;
    }

    public int number() {
      return number;
    }

    /** Without what fills it up to a multiple of four. */
    public int bytes() {
      return bytes;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  public SetType {
    key = List.copyOf(key);
  }

  /** Keys alone. */
  public static SetType of(Part... key) {
    return new SetType(List.of(key), false);
  }

  /** A map from keys to verdicts. */
  public static SetType verdictsOf(Part... key) {
    return new SetType(List.of(key), true);
  }

  /** As nft declares it. */
  @Override
  public String toString() {
    return "type "
        + key.stream().map(Part::toString).collect(Collectors.joining(" . "))
        + (verdicts ? " : verdict" : "");
  }
}
