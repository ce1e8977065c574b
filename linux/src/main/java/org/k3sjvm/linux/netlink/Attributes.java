package org.k3sjvm.linux.netlink;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Reads the attributes of a message; unknown ones are kept and asked for by nobody. */
final class Attributes {
  private static final int TYPE_MASK = 0x3fff; // without the nested and byte order flags

  private final Map<Integer, ByteBuffer> byType = new HashMap<>();

  /** The attributes from the buffer's position to its limit; what is cut short is left out. */
  Attributes(ByteBuffer source) {
    each(source, byType::put);
  }

  private static void each(ByteBuffer source, BiConsumer<Integer, ByteBuffer> reader) {
    ByteBuffer buffer = source.slice().order(ByteOrder.nativeOrder());
    while (buffer.remaining() >= 4) {
      int start = buffer.position();
      int length = Short.toUnsignedInt(buffer.getShort());
      int type = Short.toUnsignedInt(buffer.getShort()) & TYPE_MASK;
      if (length < 4 || start + length > buffer.limit()) {
        return;
      }
      reader.accept(type, buffer.slice(start + 4, length - 4).order(ByteOrder.nativeOrder()));
      buffer.position(Math.min(buffer.limit(), start + (length + 3) / 4 * 4));
    }
  }

  Optional<Attributes> nested(int type) {
    return Optional.ofNullable(byType.get(type)).map(Attributes::new);
  }

  /** The elements of a list: nested attributes, whose types say nothing. */
  List<Attributes> elements(int type) {
    List<Attributes> elements = new ArrayList<>();
    ByteBuffer list = byType.get(type);
    if (list != null) {
      each(list, (_, element) -> elements.add(new Attributes(element)));
    }
    return elements;
  }

  Optional<byte[]> bytes(int type) {
    return Optional.ofNullable(byType.get(type))
        .map(
            value -> {
              byte[] bytes = new byte[value.limit()];
              value.get(0, bytes);
              return bytes;
            });
  }

  /** Up to the first zero byte. */
  Optional<String> text(int type) {
    return bytes(type)
        .map(
            bytes -> {
              String text = new String(bytes, StandardCharsets.UTF_8);
              int zero = text.indexOf('\0');
              return zero < 0 ? text : text.substring(0, zero);
            });
  }

  int u32(int type, int otherwise) {
    ByteBuffer value = byType.get(type);
    return value == null || value.limit() < 4 ? otherwise : value.getInt(0);
  }

  int u8(int type, int otherwise) {
    ByteBuffer value = byType.get(type);
    return value == null || value.limit() < 1 ? otherwise : Byte.toUnsignedInt(value.get(0));
  }

  /** A 16 bit number in the host's byte order. */
  int u16(int type, int otherwise) {
    ByteBuffer value = byType.get(type);
    return value == null || value.limit() < 2 ? otherwise : Short.toUnsignedInt(value.getShort(0));
  }

  long u64(int type, long otherwise) {
    ByteBuffer value = byType.get(type);
    return value == null || value.limit() < 8 ? otherwise : value.getLong(0);
  }

  /** A 16 bit number in network byte order. */
  int port(int type, int otherwise) {
    ByteBuffer value = byType.get(type);
    return value == null || value.limit() < 2
        ? otherwise
        : Byte.toUnsignedInt(value.get(0)) << 8 | Byte.toUnsignedInt(value.get(1));
  }

  boolean has(int type) {
    return byType.containsKey(type);
  }

  Optional<InetAddress> address(int type) {
    return bytes(type)
        .filter(bytes -> bytes.length == 4 || bytes.length == 16)
        .map(Attributes::address);
  }

  static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("not an address of " + bytes.length + " bytes", e);
    }
  }
}
