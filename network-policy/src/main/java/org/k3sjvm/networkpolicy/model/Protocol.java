package org.k3sjvm.networkpolicy.model;

import java.util.Optional;

/** The protocols that have ports. */
public enum Protocol {
  TCP(6),
  UDP(17),
  SCTP(132);

  private final int number;

  /** As nft writes it. */
  private final String text = name().toLowerCase(java.util.Locale.ROOT);

  Protocol(int number) {
    this.number = number;
  }

  /** As packets say it. Source: IANA, Assigned Internet Protocol Numbers. */
  public int number() {
    return number;
  }

  /** The protocol of the API's name; TCP for none, empty for one that we do not know. */
  public static Optional<Protocol> of(String name) {
    return switch (name) {
      case "", "TCP" -> Optional.of(TCP);
      case "UDP" -> Optional.of(UDP);
      case "SCTP" -> Optional.of(SCTP);
      default -> Optional.empty();
    };
  }

  @Override
  public String toString() {
    return text;
  }
}
