package org.k3sjvm.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.base.pki.PkiException;

class CaHashTest {
  private final Instant now = Instant.now();
  private static final Duration DAY = Duration.ofDays(1);

  @Test
  void aRotatedBundleIsKnownByItsNewRootWhoeverElseVouchesForIt() throws Exception {
    CertificateAuthority old = CertificateAuthority.selfSigned("old", Keys.generate(), now, DAY);
    KeyPair pair = Keys.generate();
    CertificateAuthority root = CertificateAuthority.selfSigned("new", pair, now, DAY);
    CertificateAuthority vouched = old.vouchFor("new", pair, now, DAY);
    CertificateAuthority signer = root.vouchFor("signer", Keys.generate(), now, DAY);
    String digest = Certificates.sha256(root.certificate().getEncoded());
    assertThat(hash(signer, root, vouched, old)).contains(digest);
    assertThat(hash(signer, old, vouched, root)).contains(digest);
    assertThat(hash(signer, old, vouched))
        .as("without the new root")
        .contains(Certificates.sha256(old.certificate().getEncoded()));
  }

  @Test
  void aBundleWithoutAChainIsKnownByItsText() {
    CertificateAuthority one = CertificateAuthority.selfSigned("one", Keys.generate(), now, DAY);
    CertificateAuthority other =
        CertificateAuthority.selfSigned("other", Keys.generate(), now, DAY);
    assertThat(hash(one, other)).contains(Certificates.sha256(bundle(one, other)));
  }

  private static Optional<String> hash(CertificateAuthority... authorities) {
    return CaHash.of(bundle(authorities));
  }

  private static byte[] bundle(CertificateAuthority... authorities) {
    return Arrays.stream(authorities)
        .map(authority -> Certificates.pem(authority.certificate()))
        .collect(Collectors.joining())
        .getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void anAuthorityWithABrokenExtensionIsNamed() throws Exception {
    CertificateAuthority root =
        CertificateAuthority.selfSigned("root", Keys.generate(), Instant.now(), Duration.ofDays(1));
    CertificateAuthority lower =
        root.vouchFor("lower", Keys.generate(), Instant.now(), Duration.ofDays(1));
    byte[] good = lower.certificate().getEncoded();
    byte[] bad = good.clone();
    bad[keyIdentifier(bad)] = 0x3f; // says that it is longer than it is
    String bundle =
        new Pem.Block("CERTIFICATE", good).text() + new Pem.Block("CERTIFICATE", bad).text();
    assertThatThrownBy(() -> CaHash.of(bundle.getBytes(StandardCharsets.US_ASCII)))
        .isInstanceOf(PkiException.class)
        .hasMessageContaining("CN=lower")
        .hasMessageContaining("extension");
  }

  /** Where the authority key identifier, 2.5.29.35, says how long its content is. */
  private static int keyIdentifier(byte[] der) {
    for (int i = 0; i < der.length - 8; i++) {
      if (der[i] == 0x55 && der[i + 1] == 0x1d && der[i + 2] == 0x23) {
        return i + 6; // behind the value's tag and length, and the sequence's tag
      }
    }
    throw new AssertionError("no such extension");
  }
}
