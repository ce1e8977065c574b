package org.k3sjvm.base.pki;

import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** PEM, certificates and keys, as servers send them and as files hold them. */
public final class FuzzedPki implements FuzzTargets {
  private static final int BODY_BYTES = 1 << 20; // what a client reads of a supervisor's answer
  private static final List<String> KEY_LABELS =
      List.of("EC PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY");

  @Override
  public List<FuzzTarget> targets() {
    KeyPair pair = Keys.generate();
    Instant now = Instant.now();
    Duration year = Duration.ofDays(365);
    CertificateAuthority root = CertificateAuthority.selfSigned("root", pair, now, year);
    CertificateAuthority lower = root.vouchFor("lower", Keys.generate(), now, year);
    String bundle = Certificates.pem(lower.certificate()) + Certificates.pem(root.certificate());
    byte[] der = Pem.parse(Certificates.pem(root.certificate())).getFirst().der();
    byte[] ec = Pem.parse(Keys.pem(pair)).getFirst().der();
    KeyPair rsa = rsa();
    return List.of(
        FuzzTarget.text("pem", Pem::parse)
            .upTo(BODY_BYTES)
            .seeds(bundle, Keys.pem(pair), "a comment\n" + Keys.pem(pair) + bundle)
            .words("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN ", "="),
        FuzzTarget.text("pem certificates", Certificates::parse, PkiException.class)
            .upTo(BODY_BYTES)
            .seeds(bundle),
        FuzzTarget.bytes("certificate", Certificates::ofDer, PkiException.class).seeds(der),
        FuzzTarget.text("pem private key", Keys::parsePrivate, PkiException.class)
            .seeds(Keys.pem(pair), Keys.pem(rsa)),
        FuzzTarget.bytes("private key", FuzzedPki::key, PkiException.class)
            .seeds(labelled(0, ec), labelled(2, rsa.getPrivate().getEncoded()))
            .seeds(labelled(2, pair.getPrivate().getEncoded())));
  }

  /** The first byte says which label the others get. */
  private static void key(byte[] input) {
    if (input.length == 0) {
      return;
    }
    byte[] der = Arrays.copyOfRange(input, 1, input.length);
    String label = KEY_LABELS.get((input[0] & 0xff) % KEY_LABELS.size());
    String text = new Pem.Block(label, der).text();
    PrivateKey key = Keys.parsePrivate(text);
    if (label.equals("EC PRIVATE KEY")) {
      var _ = Keys.match(Keys.parsePair(text).getPublic(), key);
    }
  }

  private static byte[] labelled(int label, byte[] der) {
    byte[] input = new byte[1 + der.length];
    input[0] = (byte) label;
    System.arraycopy(der, 0, input, 1, der.length);
    return input;
  }

  private static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has RSA", e);
    }
  }
}
