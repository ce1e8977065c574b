package org.k3sjvm.serviceproxy.model;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What ports belong to. Numbers: IANA protocol numbers. */
public enum Protocol {
  TCP(6),
  UDP(17),
  SCTP(132);

  private final int number;

  Protocol(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** {@code tcp}. */
  public String nft() {
    return switch (this) {
      case TCP -> "tcp";
      case UDP -> "udp";
      case SCTP -> "sctp";
    };
  }

  /** As the API writes it, TCP when it says nothing; empty for one that we do not know. */
  public static Optional<Protocol> parse(@Nullable String text) {
    return switch (text == null ? "TCP" : text) {
      case "TCP" -> Optional.of(TCP);
      case "UDP" -> Optional.of(UDP);
      case "SCTP" -> Optional.of(SCTP);
      default -> Optional.empty();
    };
  }
}
