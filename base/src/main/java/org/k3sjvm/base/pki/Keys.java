package org.k3sjvm.base.pki;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Private keys: ECDSA P-256 made here; EC, RSA and PKCS #8 read. */
public final class Keys {
  private Keys() {}

  /** A new ECDSA P-256 pair. */
  public static KeyPair generate() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has ECDSA P-256", e);
    }
  }

  /**
   * Reads the first private key of PEM text: {@code EC PRIVATE KEY} (RFC 5915), {@code RSA PRIVATE
   * KEY} (RFC 8017) or {@code PRIVATE KEY} (RFC 5208).
   *
   * @throws PkiException when there is none, or it is broken
   */
  public static PrivateKey parsePrivate(String pem) {
    for (Pem.Block block : Pem.parse(pem)) {
      if (block.isPrivateKey()) {
        return toJdk(parseBlock(block).privateKey());
      }
    }
    throw new PkiException("no private key found in the PEM text");
  }

  /**
   * Reads the first private key of PEM text with its public half.
   *
   * @throws PkiException also when the text does not carry the public half, as PKCS #8 may not
   */
  public static KeyPair parsePair(String pem) {
    for (Pem.Block block : Pem.parse(pem)) {
      if (block.isPrivateKey()) {
        Parsed parsed = parseBlock(block);
        if (parsed.publicKey() == null) {
          throw new PkiException("the " + block.type() + " does not carry its public key");
        }
        return new KeyPair(toJdk(parsed.publicKey()), toJdk(parsed.privateKey()));
      }
    }
    throw new PkiException("no private key found in the PEM text");
  }

  /**
   * The key as PEM text: {@code EC PRIVATE KEY} with its public half for EC keys, as upstream
   * writes them.
   */
  public static String pem(KeyPair pair) {
    try {
      PrivateKeyInfo info = PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded());
      if (!pair.getPrivate().getAlgorithm().equals("EC")) {
        return new Pem.Block("PRIVATE KEY", info.getEncoded()).text();
      }
      var plain = org.bouncycastle.asn1.sec.ECPrivateKey.getInstance(info.parsePrivateKey());
      var full =
          new org.bouncycastle.asn1.sec.ECPrivateKey(
              256,
              plain.getKey(),
              SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()).getPublicKeyData(),
              SECObjectIdentifiers.secp256r1);
      return new Pem.Block("EC PRIVATE KEY", full.getEncoded()).text();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot encode a key in memory", e);
    }
  }

  /** A PKCS #10 request in DER with an empty subject, signed with ECDSA-SHA256 or RSA-SHA256. */
  public static byte[] certificateRequest(KeyPair pair) {
    String algorithm =
        pair.getPrivate().getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    try {
      return new JcaPKCS10CertificationRequestBuilder(new X500Principal(""), pair.getPublic())
          .build(new JcaContentSignerBuilder(algorithm).build(pair.getPrivate()))
          .getEncoded();
    } catch (OperatorCreationException | IOException e) {
      throw new PkiException(
          "cannot sign a certificate request with a key of type "
              + pair.getPrivate().getAlgorithm(),
          e);
    }
  }

  /** Whether the two halves belong together, found by signing and checking. */
  public static boolean match(PublicKey publicKey, PrivateKey privateKey) {
    String algorithm = privateKey.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    byte[] probe = {1, 2, 3, 4};
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(privateKey);
      signer.update(probe);
      byte[] signature = signer.sign();
      Signature checker = Signature.getInstance(algorithm);
      checker.initVerify(publicKey);
      checker.update(probe);
      return checker.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private record Parsed(
      PrivateKeyInfo privateKey,
      @org.jspecify.annotations.Nullable SubjectPublicKeyInfo publicKey) {}

  private static Parsed parseBlock(Pem.Block block) {
    try (PEMParser parser = new PEMParser(new StringReader(block.text()))) {
      return switch (parser.readObject()) {
        case PEMKeyPair pair -> new Parsed(pair.getPrivateKeyInfo(), pair.getPublicKeyInfo());
        case PrivateKeyInfo info -> new Parsed(info, null);
        case null, default ->
            throw new PkiException("the " + block.type() + " is of an unknown or encrypted form");
      };
    } catch (IOException | RuntimeException e) {
      throw new PkiException("the " + block.type() + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static PrivateKey toJdk(PrivateKeyInfo info) {
    try {
      return factory(info.getPrivateKeyAlgorithm().getAlgorithm().getId())
          .generatePrivate(new PKCS8EncodedKeySpec(info.getEncoded()));
    } catch (GeneralSecurityException | IOException e) {
      throw new PkiException("the private key cannot be used: " + e.getMessage(), e);
    }
  }

  private static PublicKey toJdk(SubjectPublicKeyInfo info) {
    try {
      return factory(info.getAlgorithm().getAlgorithm().getId())
          .generatePublic(new X509EncodedKeySpec(info.getEncoded()));
    } catch (GeneralSecurityException | IOException e) {
      throw new PkiException("the public key cannot be used: " + e.getMessage(), e);
    }
  }

  private static KeyFactory factory(String oid) throws GeneralSecurityException {
    return KeyFactory.getInstance(oid.equals("1.2.840.10045.2.1") ? "EC" : "RSA");
  }
}
