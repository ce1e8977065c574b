package org.k3sjvm.linux.netlink;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Builds one netlink message; numbers are in the host's byte order unless they say otherwise. */
final class Message {
  static final int REQUEST = 0x001;
  static final int ACK = 0x004;
  static final int DUMP = 0x300;
  static final int REPLACE = 0x100;
  static final int EXCLUSIVE = 0x200;
  static final int CREATE = 0x400;
  static final int APPEND = 0x800;

  static final int HEADER_BYTES = 16;
  private static final int LARGEST_BYTES = 1024; // our largest request has about 220

  private static final int NESTED = 0x8000;

  private final ByteBuffer buffer;

  Message(int type, int flags) {
    this(type, flags, LARGEST_BYTES);
  }

  /**
   * A message that may be large.
   *
   * @param atMostBytes more than it will have
   */
  Message(int type, int flags, int atMostBytes) {
    buffer = ByteBuffer.allocate(atMostBytes).order(ByteOrder.nativeOrder());
    buffer.putInt(0).putShort((short) type).putShort((short) flags).putInt(0).putInt(0);
  }

  Message u8(int value) {
    buffer.put((byte) value);
    return this;
  }

  Message u16(int value) {
    buffer.putShort((short) value);
    return this;
  }

  Message u32(int value) {
    buffer.putInt(value);
    return this;
  }

  Message attribute(int type, byte[] payload) {
    buffer.putShort((short) (4 + payload.length)).putShort((short) type).put(payload);
    return pad();
  }

  Message attribute(int type, InetAddress address) {
    return attribute(type, address.getAddress());
  }

  /** One byte, padded to four. */
  Message attributeU8(int type, int value) {
    return attribute(type, new byte[] {(byte) value});
  }

  /** In the host's byte order, padded to four bytes. */
  Message attributeU16(int type, int value) {
    buffer.putShort((short) 6).putShort((short) type).putShort((short) value);
    return pad();
  }

  Message attributeU32(int type, int value) {
    buffer.putShort((short) 8).putShort((short) type).putInt(value);
    return this;
  }

  /** In network byte order, as all numbers of netfilter. */
  Message attributeBigU32(int type, int value) {
    buffer.putShort((short) 8).putShort((short) type).putInt(bigEndian(value));
    return this;
  }

  /** A number in network byte order, as the port of a VXLAN device. */
  Message attributePort(int type, int port) {
    return attribute(type, new byte[] {(byte) (port >> 8), (byte) port});
  }

  /** With the zero byte at its end that the kernel expects of names. */
  Message attributeName(int type, String name) {
    return attribute(type, (name + "\0").getBytes(StandardCharsets.US_ASCII));
  }

  /** Without a zero byte: link kinds. */
  Message attributeText(int type, String text) {
    return attribute(type, text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Opens a nested attribute that says that it is one; give the result to {@link #end}. */
  int beginNested(int type) {
    return begin(type | NESTED);
  }

  /** Opens a nested attribute; give the result to {@link #end}. */
  int begin(int type) {
    int start = buffer.position();
    buffer.putShort((short) 0).putShort((short) type);
    return start;
  }

  Message end(int start) {
    buffer.putShort(start, (short) (buffer.position() - start));
    return this;
  }

  /** The finished message; its sequence number is set by the socket. */
  byte[] bytes() {
    byte[] message = new byte[buffer.position()];
    buffer.putInt(0, message.length);
    buffer.get(0, message);
    return message;
  }

  private static int bigEndian(int value) {
    return ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? value : Integer.reverseBytes(value);
  }

  private Message pad() {
    while (buffer.position() % 4 != 0) {
      buffer.put((byte) 0);
    }
    return this;
  }
}
