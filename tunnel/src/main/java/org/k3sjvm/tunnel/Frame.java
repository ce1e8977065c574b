package org.k3sjvm.tunnel;

import java.nio.ByteBuffer;
import java.util.List;

/** One message of the tunnel's protocol. The byte forms are {@link FrameCodec}'s. */
sealed interface Frame {
  /** Bytes of a connection. The buffer is shared, not copied. */
  record Data(long connection, long deadlineMillis, ByteBuffer payload) implements Frame {}

  /**
   * Asks the other side to dial.
   *
   * @param protocol such as {@code tcp}
   * @param address {@code host:port}
   */
  record Connect(long connection, long deadlineMillis, String protocol, String address)
      implements Frame {}

  /** A connection is over, {@code EOF} for cleanly. */
  record Ended(long connection, String text) implements Frame {}

  /** Peering of servers; ignored here. */
  record AddClient(String text) implements Frame {}

  /** Peering of servers; ignored here. */
  record RemoveClient(String text) implements Frame {}

  /** No more data of this connection for now, please. */
  record Pause(long connection) implements Frame {}

  /** Data of this connection again. */
  record Resume(long connection) implements Frame {}

  /** Every connection that the sender knows; others are to be closed. */
  record SyncConnections(List<Long> connections) implements Frame {
    public SyncConnections {
      connections = List.copyOf(connections);
    }
  }

  /** A type from a later version; ignored. */
  record Unknown(long type) implements Frame {}
}
