package org.k3sjvm.linux.filter;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A key or a value of a set as nf_tables holds it: each part begins at a multiple of four bytes.
 * Immutable. Source: linux/netfilter/nf_tables.h, NFTA_DATA_VALUE.
 */
public final class Packed implements Comparable<Packed> {
  private static final int LARGEST_BYTES = 64; // all registers together

  private final byte[] bytes;

  private Packed(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Empty; the parts follow in the order of the set's type. */
  public static Builder of() {
    return new Builder();
  }

  /** An address alone. */
  public static Packed ofAddress(InetAddress address) {
    return new Packed(address.getAddress());
  }

  /** As the kernel gave them. */
  public static Packed ofBytes(byte[] bytes) {
    return new Packed(bytes.clone());
  }

  public int length() {
    return bytes.length;
  }

  /**
   * The address that this is.
   *
   * @throws IllegalStateException when it has not the length of one
   */
  public InetAddress toAddress() {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("no address: " + this, e);
    }
  }

  public byte[] bytes() {
    return bytes.clone();
  }

  /** The number after it, of this length; after the highest comes zero. */
  public Packed next() {
    byte[] higher = bytes.clone();
    for (int i = higher.length - 1; i >= 0; i--) {
      if (++higher[i] != 0) {
        break;
      }
    }
    return new Packed(higher);
  }

  /** The number before it, of this length; before zero comes the highest. */
  public Packed previous() {
    byte[] lower = bytes.clone();
    for (int i = lower.length - 1; i >= 0; i--) {
      if (lower[i]-- != 0) {
        break;
      }
    }
    return new Packed(lower);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Packed that && Arrays.equals(bytes, that.bytes);
  }

  /** By bytes, which of one length are numbers. */
  @Override
  public int compareTo(Packed other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Hexadecimal digits. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }

  /** Puts parts together. */
  public static final class Builder {
    private final ByteBuffer parts = ByteBuffer.allocate(LARGEST_BYTES);

    private Builder() {}

    /** {@code ipv4_addr} or {@code ipv6_addr}. */
    public Builder address(InetAddress address) {
      parts.put(address.getAddress());
      return this;
    }

    /** An address as bytes. */
    public Builder address(byte[] address) {
      parts.put(address);
      return pad();
    }

    /** The parts of another, behind those that are here. */
    public Builder parts(Packed other) {
      parts.put(other.bytes);
      return this;
    }

    /** {@code inet_proto}, such as 6. */
    public Builder protocol(int number) {
      parts.put((byte) number);
      return pad();
    }

    /** {@code inet_service}. */
    public Builder port(int port) {
      parts.putShort((short) port);
      return pad();
    }

    /** A number in the host's byte order, such as a mark or what numgen yields. */
    public Builder number(int number) {
      boolean big = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN;
      parts.putInt(big ? number : Integer.reverseBytes(number));
      return this;
    }

    /** {@code ifname}: 16 bytes. */
    public Builder interfaceName(String name) {
      byte[] text = name.getBytes(StandardCharsets.US_ASCII);
      parts.put(Arrays.copyOf(text, 16));
      return this;
    }

    public Packed build() {
      return new Packed(Arrays.copyOf(parts.array(), parts.position()));
    }

    private Builder pad() {
      while (parts.position() % 4 != 0) {
        parts.put((byte) 0);
      }
      return this;
    }
  }
}
