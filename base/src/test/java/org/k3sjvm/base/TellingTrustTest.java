package org.k3sjvm.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.CertificateAuthority.Subject;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.pki.TlsIdentity;

/** A context that tells of chains that it refuses, in real handshakes. */
@Timeout(30)
class TellingTrustTest {
  private final InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
  private final AtomicInteger refused = new AtomicInteger();

  @Test
  void tellsOfAServerThatStandsOnOtherAuthoritiesAndOfNoOther() throws Exception {
    CertificateAuthority own = authority("own");
    CertificateAuthority other = authority("other");
    assertThat(shakeHands(own, own.certificate())).isTrue();
    assertThat(refused).hasValue(0);
    assertThatThrownBy(() -> shakeHands(other, own.certificate())).isInstanceOf(SSLException.class);
    assertThat(refused).hasValue(1);
  }

  @Test
  void anAuthorityThatTheTrustedOneVouchesForIsBelieved() throws Exception {
    CertificateAuthority old = authority("old");
    CertificateAuthority next =
        old.vouchFor("next", Keys.generate(), Instant.now(), Duration.ofDays(1));
    assertThat(shakeHands(next, old.certificate())).isTrue();
    assertThat(refused).hasValue(0);
  }

  private static CertificateAuthority authority(String name) {
    return CertificateAuthority.selfSigned(
        name, Keys.generate(), Instant.now(), Duration.ofDays(1));
  }

  private boolean shakeHands(CertificateAuthority server, X509Certificate trusted)
      throws Exception {
    KeyPair pair = Keys.generate();
    X509Certificate leaf =
        server.issue(
            Subject.server("server", List.of(), List.of(loopback)),
            pair.getPublic(),
            Instant.now(),
            Duration.ofHours(1));
    TlsIdentity identity = new TlsIdentity(List.of(leaf, server.certificate()), pair.getPrivate());
    try (SSLServerSocket listener =
        (SSLServerSocket)
            TlsContexts.of(List.of(trusted), Optional.of(identity))
                .getServerSocketFactory()
                .createServerSocket(0, 1, loopback)) {
      CompletableFuture<Void> served =
          CompletableFuture.runAsync(
              () -> {
                try (SSLSocket socket = (SSLSocket) listener.accept()) {
                  socket.startHandshake();
                } catch (java.io.IOException e) {
                  // the client tells
                }
              });
      try (SSLSocket socket =
          (SSLSocket)
              TlsContexts.of(List.of(trusted), Optional.empty(), refused::incrementAndGet)
                  .getSocketFactory()
                  .createSocket(loopback, listener.getLocalPort())) {
        socket.startHandshake();
        return socket.getSession().isValid();
      } finally {
        served.join();
      }
    }
  }
}
