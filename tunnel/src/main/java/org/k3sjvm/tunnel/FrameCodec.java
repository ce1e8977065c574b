package org.k3sjvm.tunnel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Frames to bytes and back: {@code id · connection · type · [deadline] · payload}, the numbers as
 * zig-zag variable-length integers. Source: remotedialer message.go, as in k3s v1.36.3.
 */
final class FrameCodec {
  private static final int DATA = 1;
  private static final int CONNECT = 2;
  private static final int ERROR = 3;
  private static final int ADD_CLIENT = 4;
  private static final int REMOVE_CLIENT = 5;
  private static final int PAUSE = 6;
  private static final int RESUME = 7;
  private static final int SYNC_CONNECTIONS = 8;

  private static final int MAX_VARINT_BYTES = 10;
  private static final int MAX_HEADER_BYTES = 4 * MAX_VARINT_BYTES;

  /** What a receiver reads of a Connect: the longest address and then some. */
  private static final int MAX_CONNECT_BYTES = 266;

  /** What a receiver reads of an Error. */
  private static final int MAX_ERROR_BYTES = 100;

  private FrameCodec() {}

  /**
   * The bytes of one WebSocket message.
   *
   * @param id the sender's count of frames
   */
  static byte[] encode(long id, Frame frame) {
    return switch (frame) {
      case Frame.Data(long connection, long deadline, ByteBuffer payload) ->
          join(id, connection, DATA, deadline, payload.duplicate());
      case Frame.Connect(long connection, long deadline, String protocol, String address) ->
          join(id, connection, CONNECT, deadline, text(protocol + "/" + address));
      case Frame.Ended(long connection, String message) ->
          join(id, connection, ERROR, NO_DEADLINE, text(message));
      case Frame.AddClient(String message) -> join(id, 0, ADD_CLIENT, NO_DEADLINE, text(message));
      case Frame.RemoveClient(String message) ->
          join(id, 0, REMOVE_CLIENT, NO_DEADLINE, text(message));
      case Frame.Pause(long connection) -> join(id, connection, PAUSE, NO_DEADLINE, text(""));
      case Frame.Resume(long connection) -> join(id, connection, RESUME, NO_DEADLINE, text(""));
      case Frame.SyncConnections(List<Long> connections) ->
          join(id, 0, SYNC_CONNECTIONS, NO_DEADLINE, ids(connections));
      case Frame.Unknown(long type) -> join(id, 0, type, NO_DEADLINE, text(""));
    };
  }

  /**
   * Reads one WebSocket message.
   *
   * @throws TunnelException when the header is broken or a payload is not of its type's form; the
   *     session has to end
   */
  static Frame decode(byte[] message) throws TunnelException {
    ByteBuffer bytes = ByteBuffer.wrap(message);
    long unused = readVarint(bytes);
    long connection = readVarint(bytes);
    long type = readVarint(bytes);
    if (type == DATA) {
      long deadline = readVarint(bytes);
      return new Frame.Data(connection, deadline, bytes.slice());
    }
    if (type == CONNECT) {
      return connect(connection, readVarint(bytes), bytes);
    }
    if (type == ERROR) {
      return new Frame.Ended(connection, readText(bytes, MAX_ERROR_BYTES));
    }
    if (type == ADD_CLIENT || type == REMOVE_CLIENT) {
      String text = readText(bytes, MAX_CONNECT_BYTES);
      if (text.indexOf('/') < 0) {
        throw new TunnelException("a frame about a client names none, id " + unused);
      }
      return type == ADD_CLIENT ? new Frame.AddClient(text) : new Frame.RemoveClient(text);
    }
    if (type == PAUSE) {
      return new Frame.Pause(connection);
    }
    if (type == RESUME) {
      return new Frame.Resume(connection);
    }
    return type == SYNC_CONNECTIONS ? sync(bytes) : new Frame.Unknown(type);
  }

  private static final long NO_DEADLINE = -1;

  private static Frame connect(long connection, long deadline, ByteBuffer bytes)
      throws TunnelException {
    String text = readText(bytes, MAX_CONNECT_BYTES);
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new TunnelException("a Connect without a protocol: " + text);
    }
    return new Frame.Connect(
        connection, deadline, text.substring(0, slash), text.substring(slash + 1));
  }

  private static Frame sync(ByteBuffer bytes) throws TunnelException {
    if (bytes.remaining() % Long.BYTES != 0) {
      throw new TunnelException("a list of connections of " + bytes.remaining() + " bytes");
    }
    ByteBuffer little = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    List<Long> connections = new ArrayList<>();
    while (little.hasRemaining()) {
      connections.add(little.getLong());
    }
    return new Frame.SyncConnections(connections);
  }

  private static ByteBuffer ids(List<Long> connections) {
    ByteBuffer bytes =
        ByteBuffer.allocate(connections.size() * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    connections.stream().sorted(Comparator.naturalOrder()).forEach(bytes::putLong);
    return bytes.flip();
  }

  private static byte[] join(
      long id, long connection, long type, long deadline, ByteBuffer payload) {
    ByteBuffer header = ByteBuffer.allocate(MAX_HEADER_BYTES);
    putVarint(header, id);
    putVarint(header, connection);
    putVarint(header, type);
    if (deadline != NO_DEADLINE) {
      putVarint(header, deadline);
    }
    header.flip();
    byte[] message = new byte[header.remaining() + payload.remaining()];
    int length = header.remaining();
    header.get(message, 0, length);
    payload.get(message, length, payload.remaining());
    return message;
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String readText(ByteBuffer bytes, int maxBytes) {
    byte[] text = new byte[Math.min(bytes.remaining(), maxBytes)];
    bytes.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private static void putVarint(ByteBuffer bytes, long value) {
    long rest = (value << 1) ^ (value >> 63);
    while ((rest & ~0x7fL) != 0) {
      bytes.put((byte) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    bytes.put((byte) rest);
  }

  private static long readVarint(ByteBuffer bytes) throws TunnelException {
    long value = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      if (!bytes.hasRemaining()) {
        throw new TunnelException("a frame ends inside its header");
      }
      int b = bytes.get() & 0xff;
      if (i == MAX_VARINT_BYTES - 1 && b > 1) {
        throw new TunnelException("a number of more than 64 bits");
      }
      value |= (b & 0x7fL) << (7 * i);
      if (b < 0x80) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new TunnelException("a number of more than 64 bits");
  }
}
