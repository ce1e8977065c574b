package org.k3sjvm.server.api.wire;

import java.nio.charset.StandardCharsets;

/** Reads the primitives of the protobuf wire format from a range of bytes. */
final class ByteCursor {
  private final byte[] bytes;
  private final int end;
  private int at;

  ByteCursor(byte[] bytes, int from, int to) {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
  }

  boolean hasMore() {
    return at < end;
  }

  boolean isEmpty() {
    return at >= end;
  }

  long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at >= end) {
        throw new WireException("a number is cut off");
      }
      byte next = bytes[at++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new WireException("a number is too long");
  }

  long fixed(int size) {
    if (end - at < size) {
      throw new WireException("a number is cut off");
    }
    long value = 0;
    for (int i = size - 1; i >= 0; i--) {
      value = (value << 8) | (bytes[at + i] & 0xff);
    }
    at += size;
    return value;
  }

  /** A cursor over the next length-delimited value. */
  ByteCursor slice() {
    long length = varint();
    if (length < 0 || length > end - at) {
      throw new WireException("a value is longer than the message");
    }
    int from = at;
    at += (int) length;
    return new ByteCursor(bytes, from, at);
  }

  String text() {
    return new String(bytes, at, end - at, StandardCharsets.UTF_8);
  }

  byte[] rest() {
    return java.util.Arrays.copyOfRange(bytes, at, end);
  }

  void skip(int wireType) {
    switch (wireType) {
      case 0 -> {
        long _ = varint();
      }
      case 1 -> {
        long _ = fixed(8);
      }
      case 2 -> {
        ByteCursor _ = slice();
      }
      case 5 -> {
        long _ = fixed(4);
      }
      default -> throw new WireException("unknown wire type " + wireType);
    }
  }
}
