package org.k3sjvm.http.websocket;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.http.Duplex;
import org.k3sjvm.http.websocket.WebSocketMessage.Kind;

/**
 * Messages over a connection after the handshake. One thread receives; any thread may send, and
 * blocks while the peer does not read. Nothing is answered on its own: who receives a ping sends
 * the pong, so that a reader never waits for a writer.
 */
public final class WebSocket implements AutoCloseable {
  private static final int FIN = 0x80;
  private static final int MASKED = 0x80;
  private static final int CONTINUATION = 0;
  private static final int MAX_CONTROL_BYTES = 125; // RFC 6455, section 5.5

  private static final SecureRandom MASKS = new SecureRandom();

  private final Duplex connection;
  private final DataInputStream input;
  private final boolean client;
  private final int maxMessageBytes;
  private final ReentrantLock writing = new ReentrantLock();

  // Between two fragments of a message; touched by the receiving thread only.
  private @Nullable Kind unfinished;
  private ByteArrayOutputStream fragments = new ByteArrayOutputStream(0);

  private WebSocket(Duplex connection, boolean client, int maxMessageBytes) {
    this.connection = connection;
    this.input = new DataInputStream(new BufferedInputStream(connection.input(), 2048));
    this.client = client;
    this.maxMessageBytes = maxMessageBytes;
  }

  /** The client's side: masks what it sends. */
  public static WebSocket client(Duplex connection, int maxMessageBytes) {
    return new WebSocket(connection, true, maxMessageBytes);
  }

  /** The server's side: requires what it receives to be masked. */
  public static WebSocket server(Duplex connection, int maxMessageBytes) {
    return new WebSocket(connection, false, maxMessageBytes);
  }

  /** The connection, for its timeouts. */
  public Duplex connection() {
    return connection;
  }

  /**
   * Waits for the next message or control frame; a control frame may come between the fragments of
   * a message.
   *
   * @throws EOFException when the connection ended without a close message
   * @throws WebSocketException when the peer broke the rules or sent more than the limit
   */
  public WebSocketMessage receive() throws IOException {
    while (true) {
      int first = input.readUnsignedByte();
      if ((first & 0x70) != 0) {
        throw new WebSocketException(1002, "reserved bits are set");
      }
      boolean last = (first & FIN) != 0;
      int opcode = first & 0x0f;
      if (opcode == CONTINUATION) {
        if (unfinished == null) {
          throw new WebSocketException(1002, "a continuation of nothing");
        }
        fragments.writeBytes(readPayload(maxMessageBytes - fragments.size()));
        if (last) {
          WebSocketMessage whole = new WebSocketMessage(unfinished, fragments.toByteArray());
          unfinished = null;
          fragments = new ByteArrayOutputStream(0);
          return whole;
        }
        continue;
      }
      Kind kind = kindOf(opcode);
      if (kind.isControl()) {
        if (!last) {
          throw new WebSocketException(1002, "a control frame in fragments");
        }
        return new WebSocketMessage(kind, readPayload(MAX_CONTROL_BYTES));
      }
      if (unfinished != null) {
        throw new WebSocketException(1002, "a message inside another");
      }
      byte[] payload = readPayload(maxMessageBytes);
      if (last) {
        return new WebSocketMessage(kind, payload);
      }
      unfinished = kind;
      fragments.writeBytes(payload);
    }
  }

  public void sendBinary(byte[] payload) throws IOException {
    send(Kind.BINARY, payload);
  }

  public void sendText(String text) throws IOException {
    send(Kind.TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  public void sendPing(byte[] payload) throws IOException {
    send(Kind.PING, payload);
  }

  public void sendPong(byte[] payload) throws IOException {
    send(Kind.PONG, payload);
  }

  /** Says good-bye; the connection stays open for what the peer still sends. */
  public void sendClose(int code, String reason) throws IOException {
    byte[] text = reason.getBytes(StandardCharsets.UTF_8);
    byte[] payload = new byte[2 + Math.min(text.length, MAX_CONTROL_BYTES - 2)];
    payload[0] = (byte) (code >> 8);
    payload[1] = (byte) code;
    System.arraycopy(text, 0, payload, 2, payload.length - 2);
    send(Kind.CLOSE, payload);
  }

  /** Ends the connection, with or without a good-bye before. */
  @Override
  public void close() {
    connection.close();
  }

  private void send(Kind kind, byte[] payload) throws IOException {
    if (kind.isControl() && payload.length > MAX_CONTROL_BYTES) {
      throw new IllegalArgumentException("a control frame of " + payload.length + " bytes");
    }
    byte[] frame = encode(kind.opcode(), payload);
    writing.lock();
    try {
      connection.output().write(frame);
      connection.output().flush();
    } finally {
      writing.unlock();
    }
  }

  private byte[] encode(int opcode, byte[] payload) {
    int lengthBytes = payload.length <= 125 ? 0 : payload.length <= 0xffff ? 2 : 8;
    byte[] frame = new byte[2 + lengthBytes + (client ? 4 : 0) + payload.length];
    frame[0] = (byte) (FIN | opcode);
    int marker = lengthBytes == 0 ? payload.length : lengthBytes == 2 ? 126 : 127;
    frame[1] = (byte) (marker | (client ? MASKED : 0));
    for (int i = 0; i < lengthBytes; i++) {
      frame[2 + i] = (byte) ((long) payload.length >>> (8 * (lengthBytes - 1 - i)));
    }
    int start = 2 + lengthBytes;
    if (client) {
      byte[] mask = new byte[4];
      MASKS.nextBytes(mask);
      System.arraycopy(mask, 0, frame, start, 4);
      start += 4;
      System.arraycopy(payload, 0, frame, start, payload.length);
      applyMask(frame, start, payload.length, mask);
    } else {
      System.arraycopy(payload, 0, frame, start, payload.length);
    }
    return frame;
  }

  private byte[] readPayload(int maxBytes) throws IOException {
    int second = input.readUnsignedByte();
    boolean masked = (second & MASKED) != 0;
    if (masked == client) {
      throw new WebSocketException(
          1002, client ? "a masked frame from a server" : "an unmasked frame from a client");
    }
    long length = second & 0x7f;
    if (length == 126) {
      length = input.readUnsignedShort();
    } else if (length == 127) {
      length = input.readLong();
    }
    if (length < 0 || length > maxBytes) {
      throw new WebSocketException(1009, "a message of more than " + maxMessageBytes + " bytes");
    }
    byte[] mask = masked ? input.readNBytes(4) : new byte[0];
    byte[] payload = input.readNBytes((int) length);
    if (payload.length < length || (masked && mask.length < 4)) {
      throw new EOFException("the connection ended inside a frame");
    }
    if (masked) {
      applyMask(payload, 0, payload.length, mask);
    }
    return payload;
  }

  private static void applyMask(byte[] bytes, int offset, int count, byte[] mask) {
    byte first = mask[0];
    byte second = mask[1];
    byte third = mask[2];
    byte fourth = mask[3];
    int end = offset + count;
    int i = offset;
    for (; i + 3 < end; i += 4) { // unrolled, as the quick compiler does not
      bytes[i] ^= first;
      bytes[i + 1] ^= second;
      bytes[i + 2] ^= third;
      bytes[i + 3] ^= fourth;
    }
    for (; i < end; i++) {
      bytes[i] ^= mask[(i - offset) & 3];
    }
  }

  private static Kind kindOf(int opcode) throws WebSocketException {
    for (Kind kind : Kind.values()) {
      if (kind.opcode() == opcode) {
        return kind;
      }
    }
    throw new WebSocketException(1002, "an unknown opcode: " + opcode);
  }
}
