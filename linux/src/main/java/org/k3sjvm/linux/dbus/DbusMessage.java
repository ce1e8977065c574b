package org.k3sjvm.linux.dbus;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/**
 * One message. Source: D-Bus Specification 0.43, Message Format.
 *
 * @param serial the sender's number for it, never 0
 * @param replyTo the number of the call that it answers; 0 for none
 * @param fields texts of the header by code: {@link #PATH} to {@link #SIGNATURE}
 */
@SuppressWarnings("ArrayRecordComponent") // Bytes on their way; messages are not compared.
record DbusMessage(
    Kind kind, int serial, int replyTo, Map<Integer, String> fields, byte[] body, ByteOrder order) {
  static final int PATH = 1;
  static final int INTERFACE = 2;
  static final int MEMBER = 3;
  static final int ERROR_NAME = 4;
  static final int REPLY_SERIAL = 5;
  static final int DESTINATION = 6;
  static final int SENDER = 7;
  static final int SIGNATURE = 8;

  /** The fixed part: order, type, flags, version, length of the body, serial, length of fields. */
  static final int FIXED_BYTES = 16;

  /** Far more than systemd says at once; the specification allows 128 MiB. */
  static final int LIMIT_BYTES = 1 << 20;

  private static final int VERSION = 1;

  private static final int CALL = 1;

  /** What a message is for. */
  enum Kind {
    OTHER,
    METHOD_CALL,
    METHOD_RETURN,
    ERROR,
    SIGNAL;

    static Kind of(int code) {
      return switch (code) {
        case CALL -> METHOD_CALL;
        case 2 -> METHOD_RETURN;
        case 3 -> ERROR;
        case 4 -> SIGNAL;
        default -> OTHER;
      };
    }
  }

  DbusMessage {
    fields = Map.copyOf(fields);
  }

  String field(int code) {
    return fields.getOrDefault(code, "");
  }

  DbusReader reader() {
    return new DbusReader(ByteBuffer.wrap(body).order(order));
  }

  /** A call as it is sent. */
  static byte[] call(
      int serial, Map<Integer, String> fields, String signature, DbusWriter arguments) {
    byte[] body = arguments.bytes();
    DbusWriter header = new DbusWriter();
    header.octet('l').octet(CALL).octet(0).octet(VERSION);
    header.number(body.length).number(serial);
    Map<Integer, String> all = new TreeMap<>(fields);
    if (!signature.isEmpty()) {
      all.put(SIGNATURE, signature);
    }
    DbusWriter list = new DbusWriter();
    all.forEach(
        (code, value) -> {
          list.align(8).octet(code);
          switch (code) {
            case PATH -> list.signature("o").text(value);
            case SIGNATURE -> list.signature("g").signature(value);
            default -> list.signature("s").text(value);
          }
        });
    byte[] head = header.number(list.bytes().length).bytes(); // ends at 16, where the list begins
    int gap = -(head.length + list.bytes().length) & 7;
    return ByteBuffer.allocate(head.length + list.bytes().length + gap + body.length)
        .put(head)
        .put(list.bytes())
        .put(new byte[gap])
        .put(body)
        .array();
  }

  /** How long a message is whose fixed part this is. */
  static int length(ByteBuffer fixed) {
    ByteBuffer head = fixed.duplicate().order(order(fixed.get(0)));
    long fields = Integer.toUnsignedLong(head.getInt(12));
    long body = Integer.toUnsignedLong(head.getInt(4));
    long all = FIXED_BYTES + (fields + 7) / 8 * 8 + body;
    if (all > LIMIT_BYTES) {
      throw new IllegalArgumentException("a message of " + all + " bytes is too long");
    }
    return (int) all;
  }

  /**
   * Takes a message apart.
   *
   * @throws RuntimeException when it is none
   */
  static DbusMessage parse(byte[] bytes) {
    ByteOrder order = order(bytes[0]);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(order);
    int bodyBytes = buffer.getInt(4);
    int end = FIXED_BYTES + buffer.getInt(12);
    if (bodyBytes < 0 || bodyBytes > bytes.length - FIXED_BYTES) {
      throw new IllegalArgumentException("a body of " + bodyBytes + " bytes leaves the message");
    }
    DbusReader reader = new DbusReader(buffer.duplicate().order(order).position(FIXED_BYTES));
    Map<Integer, String> fields = new TreeMap<>();
    int replyTo = 0;
    while (reader.position() < end) {
      int code = reader.align(8).octet();
      String type = reader.signature();
      switch (type) {
        case "s", "o" -> fields.put(code, reader.text());
        case "g" -> fields.put(code, reader.signature());
        case "u" -> {
          int number = reader.number();
          replyTo = code == REPLY_SERIAL ? number : replyTo;
        }
        default -> throw new IllegalArgumentException("a header field of type '" + type + "'");
      }
    }
    byte[] body = new byte[bodyBytes];
    buffer.get(bytes.length - bodyBytes, body);
    return new DbusMessage(Kind.of(buffer.get(1)), buffer.getInt(8), replyTo, fields, body, order);
  }

  private static ByteOrder order(byte mark) {
    return switch (mark) {
      case 'l' -> ByteOrder.LITTLE_ENDIAN;
      case 'B' -> ByteOrder.BIG_ENDIAN;
      default -> throw new IllegalArgumentException("not a D-Bus message");
    };
  }
}
