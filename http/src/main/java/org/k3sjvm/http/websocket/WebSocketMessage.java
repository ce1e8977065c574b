package org.k3sjvm.http.websocket;

import java.nio.charset.StandardCharsets;

/** A whole message, put together from its fragments, or a control frame. */
public final class WebSocketMessage {
  /** What a message is, with its opcode of RFC 6455, section 5.2. */
  public enum Kind {
    TEXT(1),
    BINARY(2),
    CLOSE(8),
    PING(9),
    PONG(10);

    private final int opcode;

    Kind(int opcode) {
      this.opcode = opcode;
    }

    int opcode() {
      return opcode;
    }

    boolean isControl() {
      return opcode >= 8;
    }
  }

  private final Kind kind;
  private final byte[] bytes;

  WebSocketMessage(Kind kind, byte[] bytes) {
    this.kind = kind;
    this.bytes = bytes;
  }

  public Kind kind() {
    return kind;
  }

  /** The payload, not copied. */
  public byte[] bytes() {
    return bytes;
  }

  /** The payload as UTF-8. */
  public String text() {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** The reason code of a close message; 1005 when it has none. */
  public int closeCode() {
    return bytes.length < 2 ? 1005 : (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff);
  }

  @Override
  public String toString() {
    return kind + "[" + bytes.length + " bytes]";
  }
}
