package org.k3sjvm.linux.dbus;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Reads values one after the other. One thread. What does not fit throws {@link
 * java.nio.BufferUnderflowException} or {@link IllegalArgumentException}.
 */
public final class DbusReader {
  private final ByteBuffer bytes;

  /**
   * Over a message, or over a body, which begins at a multiple of eight.
   *
   * @param bytes in the order that the message names
   */
  DbusReader(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  int position() {
    return bytes.position();
  }

  int octet() {
    return Byte.toUnsignedInt(bytes.get());
  }

  /** Type {@code u}. */
  public int number() {
    return align(4).bytes.getInt();
  }

  /** Type {@code s}, and {@code o}. */
  public String text() {
    return chars(number());
  }

  /** Type {@code g}. */
  String signature() {
    return chars(octet());
  }

  /** The text of a variant that holds one. */
  public String textVariant() {
    String type = signature();
    if (!type.equals("s")) {
      throw new IllegalArgumentException("a text was expected, not a '" + type + "'");
    }
    return text();
  }

  DbusReader align(int boundary) {
    while (bytes.position() % boundary != 0) {
      bytes.get();
    }
    return this;
  }

  private String chars(int length) {
    if (length < 0 || length >= bytes.remaining()) {
      throw new IllegalArgumentException("a text of " + length + " bytes leaves the message");
    }
    byte[] utf8 = new byte[length];
    bytes.get(utf8).get();
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
