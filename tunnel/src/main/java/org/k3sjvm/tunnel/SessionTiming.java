package org.k3sjvm.tunnel;

import java.time.Duration;

/**
 * The clocks of a session.
 *
 * @param ping between two of our pings; also how often deadlines are looked at
 * @param deadline how long the peer may send neither ping nor pong, and a write may take
 * @param sync between two lists of our connections
 * @param backedUp how long reading waits for a connection that a peer fills in spite of a pause
 */
public record SessionTiming(Duration ping, Duration deadline, Duration sync, Duration backedUp) {
  /**
   * Servers of v1.21 end a session after 10 s without a ping, hence 5. Source: remotedialer
   * types.go (PingWriteInterval, PingWaitDuration) and session_sync.go; v1.21 connection.go for 15.
   */
  public static final SessionTiming DEFAULT =
      new SessionTiming(
          Duration.ofSeconds(5),
          Duration.ofMinutes(1),
          Duration.ofMinutes(1),
          Duration.ofSeconds(15));
}
