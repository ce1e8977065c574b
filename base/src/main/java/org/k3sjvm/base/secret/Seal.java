package org.k3sjvm.base.secret;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.IvParameterSpec;

/**
 * Closes bytes so that only a holder of the same key material can read them, and nobody can change
 * them unseen. ChaCha20-Poly1305 (RFC 8439) with a random nonce in front; keys by HKDF with SHA-256
 * (RFC 5869). Any thread may call.
 */
public final class Seal {
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BYTES = 16;
  private static final int KEY_BYTES = 32;
  private static final int NAME_BYTES = 16;

  private final SecretKey sealing;
  private final SecretKey naming;
  private final SecureRandom random = new SecureRandom();

  /** What was sealed was sealed with another key, or has been changed. */
  public static final class BrokenException extends Exception {
    private static final long serialVersionUID = 1L;

    BrokenException(String message, Throwable cause) {
      super(message, cause);
    }

    BrokenException(String message) {
      super(message);
    }
  }

  /**
   * A seal.
   *
   * @param purpose keeps seals of the same material apart
   * @param material all parts count, in this order; at least one should be secret
   */
  public Seal(String purpose, List<byte[]> material) {
    sealing = derive(purpose + " seal", material, "ChaCha20");
    naming = derive(purpose + " name", material, "HmacSHA256");
  }

  /**
   * Closes.
   *
   * @param label what this is; it must be said again to open it
   */
  public byte[] close(byte[] plain, String label) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] body = cipher(Cipher.ENCRYPT_MODE, nonce, label).doFinal(plain);
      byte[] sealed = Arrays.copyOf(nonce, NONCE_BYTES + body.length);
      System.arraycopy(body, 0, sealed, NONCE_BYTES, body.length);
      return sealed;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot seal with ChaCha20-Poly1305", e);
    }
  }

  /** Opens what {@link #close} closed under the same label. */
  public byte[] open(byte[] sealed, String label) throws BrokenException {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) {
      throw new BrokenException("it is cut off");
    }
    byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
    try {
      return cipher(Cipher.DECRYPT_MODE, nonce, label)
          .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
    } catch (GeneralSecurityException e) {
      throw new BrokenException("it was sealed on another host, or has been changed", e);
    }
  }

  /** A name for a file that tells nothing to who has no key: 32 hexadecimal digits. */
  public String nameOf(String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(naming);
      byte[] digest = mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, NAME_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot name with HMAC", e);
    }
  }

  private Cipher cipher(int mode, byte[] nonce, String label) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305");
    cipher.init(mode, sealing, new IvParameterSpec(nonce));
    cipher.updateAAD(label.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private static SecretKey derive(String info, List<byte[]> material, String algorithm) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : material) {
      all.writeBytes(new byte[] {(byte) (part.length >>> 8), (byte) part.length});
      all.writeBytes(part);
    }
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveKey(
              algorithm,
              HKDFParameterSpec.ofExtract()
                  .addIKM(all.toByteArray())
                  .thenExpand(info.getBytes(StandardCharsets.UTF_8), KEY_BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot derive a key with HKDF", e);
    }
  }
}
