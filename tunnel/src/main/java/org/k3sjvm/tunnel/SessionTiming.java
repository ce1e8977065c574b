package org.k3sjvm.tunnel;

import java.time.Duration;

/**
 * The clocks of a session.
 *
 * @param ping between two of our pings
 * @param silence how long nothing at all may come, and how long one write may take
 * @param deadline how long the peer may send neither ping nor pong
 * @param sync between two lists of our connections
 * @param backedUp how long reading waits for a connection that a peer fills in spite of a pause
 */
public record SessionTiming(
    Duration ping, Duration silence, Duration deadline, Duration sync, Duration backedUp) {
  /**
   * The agent's. Servers of v1.21 end a session after 10 s without a ping, hence 5. A tunnel that
   * has been silent for two pings is dead; a pong may come late behind the bytes of a bulk copy
   * over a slow line, so those count for a while. Source: remotedialer types.go (PingWriteInterval,
   * PingWaitDuration) and session_sync.go; v1.21 connection.go for 15. The silence is ours.
   */
  public static final SessionTiming DEFAULT =
      new SessionTiming(
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofMinutes(1),
          Duration.ofMinutes(1),
          Duration.ofSeconds(15));

  /** The server's: agents of every version ping each 5 s. */
  public static final SessionTiming SERVER =
      new SessionTiming(
          DEFAULT.ping(),
          Duration.ofSeconds(20),
          DEFAULT.deadline(),
          DEFAULT.sync(),
          DEFAULT.backedUp());
}
