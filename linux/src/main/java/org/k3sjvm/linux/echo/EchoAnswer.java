package org.k3sjvm.linux.echo;

import java.time.Duration;
import java.util.OptionalInt;

/** What came of an {@link Echo}. */
public sealed interface EchoAnswer {
  /** It came back whole. */
  record Answered(Duration roundTrip) implements EchoAnswer {}

  /** Nothing came within the limit. */
  record Silent() implements EchoAnswer {}

  /**
   * The host itself, or a router, says that the packet does not fit.
   *
   * @param mtuBytes what fits, where the kernel knows; with IPv6 it does not for the way beyond
   *     this host
   */
  record TooBig(OptionalInt mtuBytes) implements EchoAnswer {}

  /**
   * The host itself, or a router, says that there is no way.
   *
   * @param reason a few words
   */
  record Unreachable(String reason) implements EchoAnswer {}

  default boolean answered() {
    return this instanceof Answered;
  }
}
