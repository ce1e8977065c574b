package org.k3sjvm.linux.net;

import java.util.HexFormat;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * An Ethernet address.
 *
 * @param value six lower-case bytes, {@code 12:c6:65:89:b4:e3}
 */
public record MacAddress(String value) {
  private static final HexFormat FORMAT = HexFormat.ofDelimiter(":");
  private static final int LENGTH = 6;

  public MacAddress {
    if (!value.matches("[0-9a-f]{2}(:[0-9a-f]{2}){5}")) {
      throw new IllegalArgumentException("not a MAC address: '" + value + "'");
    }
  }

  /**
   * Reads upper or lower case.
   *
   * @throws IllegalArgumentException when the text is no MAC address
   */
  public static MacAddress parse(String text) {
    return new MacAddress(text.toLowerCase(Locale.ROOT));
  }

  public static MacAddress of(byte[] bytes) {
    return new MacAddress(FORMAT.formatHex(bytes));
  }

  /** One that no vendor has given out: unicast, locally administered. */
  public static MacAddress random(RandomGenerator random) {
    byte[] bytes = new byte[LENGTH];
    random.nextBytes(bytes);
    bytes[0] = (byte) ((bytes[0] & 0xfe) | 0x02);
    return of(bytes);
  }

  public byte[] bytes() {
    return FORMAT.parseHex(value);
  }

  @Override
  public String toString() {
    return value;
  }
}
