package org.k3sjvm.linux.wireguard;

import java.util.Base64;

/**
 * Names a peer, and opens what it seals. Source: wg(8), section on keys.
 *
 * @param text base64 of 32 bytes
 */
public record PublicKey(String text) {
  /** Of keys of every kind. */
  public static final int BYTES = 32;

  public PublicKey {
    text = checked(text, "public key " + text);
  }

  public static PublicKey of(byte[] bytes) {
    return new PublicKey(Base64.getEncoder().encodeToString(bytes));
  }

  public byte[] bytes() {
    return Base64.getDecoder().decode(text);
  }

  @Override
  public String toString() {
    return text;
  }

  /** Without white space around it; secret ones are not to be in the message. */
  static String checked(String text, String name) {
    String bare = text.strip();
    int length;
    try {
      length = Base64.getDecoder().decode(bare).length;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + " is not base64");
    }
    if (length != BYTES || bare.length() != 44) {
      throw new IllegalArgumentException(
          name + " must be base64 of " + BYTES + " bytes, not of " + length);
    }
    return bare;
  }
}
