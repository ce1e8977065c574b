package org.k3sjvm.join;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** Tokens, what supervisors answer, and resolv.conf. */
public final class FuzzedAnswers implements FuzzTargets {
  private static final int BODY_BYTES = 1 << 20; // what is read of a supervisor's answer

  private static final String SETTINGS =
      """
      {"SupervisorPort":6443,"HTTPSPort":6444,"ClusterIPRange":{"IP":"10.42.0.0","Mask":"//8AAA=="},
      "ClusterIPRanges":[{"IP":"10.42.0.0","Mask":"//8AAA=="},
      {"IP":"2001:db8:42::","Mask":"/////////wAAAAAAAAAAAA=="}],
      "ServiceIPRanges":[{"IP":"10.43.0.0","Mask":"//8AAA=="}],
      "ServiceNodePortRange":{"Base":30000,"Size":2768},"ClusterDNS":"10.43.0.10",
      "ClusterDNSs":["10.43.0.10"],"ClusterDomain":"cluster.local","FlannelBackend":"vxlan",
      "FlannelIPv6Masq":false,"EgressSelectorMode":"agent","IPSECPSK":"00ff","DisableNPC":false,
      "MinTLSVersion":"VersionTLS12","CipherSuites":["TLS_AES_128_GCM_SHA256"],"TLSCipherSuites":null}
      """;

  @Override
  public List<FuzzTarget> targets() {
    Instant now = Instant.now();
    Duration year = Duration.ofDays(365);
    CertificateAuthority root = CertificateAuthority.selfSigned("root", Keys.generate(), now, year);
    CertificateAuthority lower = root.vouchFor("lower", Keys.generate(), now, year);
    String rootPem = Certificates.pem(root.certificate());
    String lowerPem = Certificates.pem(lower.certificate());
    byte[] der = Pem.parse(rootPem).getFirst().der();
    byte[] lowerDer = Pem.parse(lowerPem).getFirst().der();
    String hash = Certificates.sha256(der);
    return List.of(
        FuzzTarget.text("token", FuzzedAnswers::token, JoinException.InvalidToken.class)
            .seeds("a password", "K10" + hash + "::node:secret", "abcdef.0123456789abcdef")
            .seeds("K10" + hash + "::abcdef.0123456789abcdef", "K10::server:secret", "K10a:b")
            .words("K10", "::", "node:", "abcdef.0123456789abcdef"),
        FuzzTarget.bytes("authorities of a server", CaHash::of, PkiException.class)
            .upTo(BODY_BYTES)
            .seeds(rootPem, lowerPem + rootPem, rootPem + lowerPem),
        FuzzTarget.bytes(
                "digest of an authority",
                in ->
                    CaHash.of(
                        (new Pem.Block("CERTIFICATE", in).text() + lowerPem + rootPem)
                            .getBytes(StandardCharsets.US_ASCII)),
                PkiException.class)
            .seeds(der, lowerDer),
        FuzzTarget.bytes(
                "settings of a server", SettingsJson::parse, IllegalArgumentException.class)
            .upTo(BODY_BYTES)
            .seeds(SETTINGS),
        FuzzTarget.bytes(
                "list of servers",
                HttpSupervisor::servers,
                IOException.class,
                IllegalArgumentException.class)
            .upTo(BODY_BYTES)
            .seeds("[\"10.0.0.1:6443\",\"[2001:db8::1]:6443\"]", "[]"),
        FuzzTarget.bytes("refusal of a server", FuzzedAnswers::message)
            .upTo(BODY_BYTES)
            .seeds("{\"kind\":\"Status\",\"message\":\"no\",\"code\":403}", "not found\n"),
        FuzzTarget.text("resolv.conf", ResolvConf::isUsable)
            .seeds(
                "# c\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nsearch a b\noptions ndots:5\n"));
  }

  private static void token(String text) {
    JoinToken token = JoinToken.parse(new Secret(text));
    var _ = token.credentials().authorization();
  }

  private static void message(byte[] body) {
    var _ =
        HttpSupervisor.message(
            new SupervisorHttp.Answer(
                URI.create("https://server/v1-k3s/config"), 403, body, Optional.empty()));
  }
}
