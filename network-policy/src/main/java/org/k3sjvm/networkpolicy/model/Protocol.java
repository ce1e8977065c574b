package org.k3sjvm.networkpolicy.model;

import java.util.Optional;

/** The protocols that have ports. */
public enum Protocol {
  TCP,
  UDP,
  SCTP;

  /** As nft writes it. */
  private final String text = name().toLowerCase(java.util.Locale.ROOT);

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
