package org.k3sjvm.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerProxyTest {
  private static final URI SERVER = URI.create("https://k3s.example.com:6443");
  private static final Optional<URI> PROXY = Optional.of(URI.create("http://proxy:3128"));

  @Test
  void noProxyIsUsedUnlessTheAgentMay() {
    assertThat(ServerProxy.of(Map.of("HTTPS_PROXY", "http://proxy:3128"), SERVER)).isEmpty();
    assertThat(of("yes", "http://proxy:3128", "", SERVER)).isEmpty();
    assertThat(of("T", "http://proxy:3128", "", SERVER)).isEqualTo(PROXY);
    assertThat(of("1", "", "", SERVER)).isEmpty();
  }

  @Test
  void aProxyWithoutSchemeIsAnHttpProxyAndLowerCaseServesToo() {
    assertThat(of("true", "proxy:3128", "", SERVER)).isEqualTo(PROXY);
    assertThat(
            ServerProxy.of(Map.of(ServerProxy.ALLOWED, "1", "https_proxy", "proxy:3128"), SERVER))
        .isEqualTo(PROXY);
  }

  @ParameterizedTest(name = "{0} without {1}: {2}")
  @CsvSource({
    "https://k3s.example.com:6443, *,                     false",
    "https://k3s.example.com:6443, example.com,           false",
    "https://k3s.example.com:6443, .example.com,          false",
    "https://k3s.example.com:6443, *.example.com,         false",
    "https://example.com:6443,     .example.com,          true",
    "https://k3s.example.com:6443, ample.com,             true",
    "https://k3s.example.com:6443, K3S.example.com:6443,  false",
    "https://k3s.example.com:6443, k3s.example.com:443,   true",
    "https://10.1.2.3:6443,        10.0.0.0/8,            false",
    "https://10.1.2.3:6443,        10.1.2.3,              false",
    "https://10.1.2.3:6443,        10.1.2.4,              true",
    "https://[fd00::1]:6443,       fd00::/64,             false",
    "https://10.1.2.3:6443,        not/a/range,           true",
    "https://127.0.0.1:6443,       none,                  false",
    "https://localhost:6443,       none,                  false"
  })
  void exceptionsAreGosOwn(URI server, String exceptions, boolean proxied) {
    assertThat(of("true", "http://proxy:3128", exceptions, server).isPresent()).isEqualTo(proxied);
  }

  @Test
  void aProxyThatCannotBeReadIsToldWithoutItsPassword() {
    assertThatThrownBy(() -> of("true", "http://me:secret@ho st", "", SERVER))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("HTTPS_PROXY")
        .hasMessageNotContaining("secret");
  }

  private static Optional<URI> of(String allowed, String proxy, String exceptions, URI server) {
    return ServerProxy.of(
        Map.of(ServerProxy.ALLOWED, allowed, "HTTPS_PROXY", proxy, "NO_PROXY", exceptions), server);
  }
}
