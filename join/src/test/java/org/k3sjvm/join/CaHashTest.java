package org.k3sjvm.join;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.base.pki.PkiException;

class CaHashTest {
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
