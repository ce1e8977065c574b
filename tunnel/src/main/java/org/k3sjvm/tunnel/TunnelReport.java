package org.k3sjvm.tunnel;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.k3sjvm.base.net.HostPort;

/**
 * A tunnel as an operator wants to see it.
 *
 * @param since when it came up, or when it was lost; empty before the first attempt has ended
 * @param sentBytes to the server since it came up, with the overhead of frames; likewise received
 * @param connections that go through it now
 * @param roundTrip of the last ping that was answered
 * @param lost how many tunnels to this server have ended
 * @param lastError why the last one ended, or could not be made
 */
public record TunnelReport(
    HostPort server,
    TunnelHealth health,
    Optional<Instant> since,
    long sentBytes,
    long receivedBytes,
    int connections,
    Optional<Duration> roundTrip,
    int lost,
    Optional<Failure> lastError) {

  /**
   * The end of a tunnel, or of an attempt.
   *
   * @param reason in words for the operator
   */
  public record Failure(String reason, Instant at) {}
}
