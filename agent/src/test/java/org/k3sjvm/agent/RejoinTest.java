package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.Certificates;

class RejoinTest {
  /** For 10.0.0.2, fd00::2 and node.example, valid until 2046; made with openssl. */
  private static final String SERVING =
      """
      -----BEGIN CERTIFICATE-----
      MIIBpTCCAUygAwIBAgIUQfttii0kEFd/paGwboN/xfVfavAwCgYIKoZIzj0EAwIw
      DzENMAsGA1UEAwwEbm9kZTAeFw0yNjExMjIwMjE2NTBaFw00NjExMTcwMjE2NTBa
      MA8xDTALBgNVBAMMBG5vZGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATZ+VHy
      9yurvGxBiFTS2sWn1Fr7ls1yK1iA03rY83B/9fP1/eRijNkstNos9aLRPv4sQdYI
      zIfBTnAJM2Qm6C3Co4GFMIGCMB0GA1UdDgQWBBSh6QinjrUUqSWU64ZeSb0z5io9
      NTAfBgNVHSMEGDAWgBSh6QinjrUUqSWU64ZeSb0z5io9NTAPBgNVHRMBAf8EBTAD
      AQH/MC8GA1UdEQQoMCaCDG5vZGUuZXhhbXBsZYcECgAAAocQ/QAAAAAAAAAAAAAA
      AAAAAjAKBggqhkjOPQQDAgNHADBEAiABuSPXbv+/mL56jD/M/BG4pthkoLTId7Zz
      MOP9W3mcjwIgMEbVhe/KtkFE50RyZhOXEuq4TXAVyr376gSK1WTuBMM=
      -----END CERTIFICATE-----
      """;

  @Test
  void aServingCertificateCoversItsOwnAddresses() throws Exception {
    X509Certificate serving = Certificates.parse(SERVING).getFirst();
    assertThat(Rejoin.covers(serving, addresses("10.0.0.2"))).isTrue();
    assertThat(Rejoin.covers(serving, addresses("10.0.0.2", "fd00::2"))).isTrue();
    assertThat(Rejoin.covers(serving, addresses("10.0.0.3"))).isFalse();
    assertThat(Rejoin.covers(serving, addresses("10.0.0.2", "10.0.0.3"))).isFalse();
  }

  private static List<InetAddress> addresses(String... texts) {
    return List.of(texts).stream().map(IpAddresses::parse).toList();
  }
}
