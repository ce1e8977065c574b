package org.k3sjvm.linux.dbus;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Writes values one after the other, little endian, each at a multiple of its size from the start.
 * One thread.
 */
public final class DbusWriter {
  private ByteBuffer bytes = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);

  /** What was written. */
  byte[] bytes() {
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  DbusWriter octet(int value) {
    room(1).put((byte) value);
    return this;
  }

  /** Type {@code u}. */
  public DbusWriter number(int value) {
    align(4).room(4).putInt(value);
    return this;
  }

  /** Type {@code s}, and {@code o}. */
  public DbusWriter text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    number(utf8.length).room(utf8.length + 1).put(utf8).put((byte) 0);
    return this;
  }

  /** Type {@code b}. */
  public DbusWriter flag(boolean value) {
    return number(value ? 1 : 0);
  }

  /** Type {@code g}. */
  DbusWriter signature(String value) {
    byte[] ascii = value.getBytes(StandardCharsets.US_ASCII);
    room(ascii.length + 2).put((byte) ascii.length).put(ascii).put((byte) 0);
    return this;
  }

  /** Type {@code a(sv)}, in the order of the map. */
  public DbusWriter properties(Map<String, DbusValue> properties) {
    return array(
        8,
        () ->
            properties.forEach(
                (name, value) -> {
                  align(8).text(name);
                  variant(value);
                }));
  }

  /** An array of structures without an element. */
  public DbusWriter noStructures() {
    return array(8, () -> {});
  }

  private void variant(DbusValue value) {
    signature(value.signature());
    switch (value) {
      case DbusValue.Text(String text) -> text(text);
      case DbusValue.Flag(boolean flag) -> flag(flag);
      case DbusValue.Unsigned(long number) -> align(8).room(8).putLong(number);
      case DbusValue.Texts(List<String> texts) -> array(4, () -> texts.forEach(this::text));
    }
  }

  /** The length does not count the gap before the first element. */
  private DbusWriter array(int alignment, Runnable elements) {
    number(0);
    int length = bytes.position() - 4;
    align(alignment);
    int start = bytes.position();
    elements.run();
    bytes.putInt(length, bytes.position() - start);
    return this;
  }

  DbusWriter align(int boundary) {
    while (bytes.position() % boundary != 0) {
      octet(0);
    }
    return this;
  }

  private ByteBuffer room(int count) {
    if (bytes.remaining() < count) {
      byte[] larger = Arrays.copyOf(bytes.array(), (bytes.capacity() + count) * 2);
      bytes = ByteBuffer.wrap(larger).order(ByteOrder.LITTLE_ENDIAN).position(bytes.position());
    }
    return bytes;
  }
}
