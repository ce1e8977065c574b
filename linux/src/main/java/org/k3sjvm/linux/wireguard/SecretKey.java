package org.k3sjvm.linux.wireguard;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.SecureRandom;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import java.util.Base64;
import javax.crypto.KeyAgreement;
import org.k3sjvm.base.secret.Secret;

/**
 * A private key, or one that two peers share.
 *
 * @param text base64 of 32 bytes
 */
public record SecretKey(Secret text) {
  private static final String CURVE = "X25519";
  private static final BigInteger BASE_POINT = BigInteger.valueOf(9); // RFC 7748, 4.1

  public SecretKey {
    text = new Secret(PublicKey.checked(text.reveal(), "the secret key"));
  }

  public static SecretKey of(byte[] bytes) {
    return new SecretKey(new Secret(Base64.getEncoder().encodeToString(bytes)));
  }

  /** A new private key. */
  public static SecretKey generate(SecureRandom random) {
    byte[] bytes = new byte[PublicKey.BYTES];
    random.nextBytes(bytes);
    return of(bytes).clamped();
  }

  /** As the kernel keeps a private key: bits without meaning are fixed. */
  public SecretKey clamped() {
    byte[] bytes = bytes();
    bytes[0] &= (byte) 248; // RFC 7748, 5: decodeScalar25519
    bytes[31] = (byte) ((bytes[31] & 127) | 64);
    return of(bytes);
  }

  public byte[] bytes() {
    return Base64.getDecoder().decode(text.reveal());
  }

  /** Of this private key. */
  public PublicKey publicKey() {
    try {
      KeyFactory factory = KeyFactory.getInstance(CURVE);
      KeyAgreement agreement = KeyAgreement.getInstance(CURVE);
      agreement.init(
          factory.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, bytes())));
      agreement.doPhase(
          factory.generatePublic(new XECPublicKeySpec(NamedParameterSpec.X25519, BASE_POINT)),
          true);
      return PublicKey.of(agreement.generateSecret());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no " + CURVE, e);
    }
  }
}
