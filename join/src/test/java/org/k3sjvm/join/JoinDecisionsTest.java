package org.k3sjvm.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.join.HostNetwork.Interface;
import org.k3sjvm.join.JoinToken.Credentials;

class JoinDecisionsTest {
  private static final String HASH = "ab".repeat(32);

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "secret,                              ,     Basic bm9kZTpzZWNyZXQ=",
    "a:b::c,                              ,     Basic bm9kZTphOmI6OmM=",
    "K10HASH::server:pw,                  HASH, Basic bm9kZTpwdw==",
    "K10HASH:::pw,                        HASH, Basic bm9kZTpwdw==",
    "K10HASH::node:p:w,                   HASH, Basic bm9kZTpwOnc=",
    "K10::node:pw,                        ,     Basic bm9kZTpwdw==",
    "K10node:pw,                          ,     Basic bm9kZTpwdw==",
    "abc123.0123456789abcdef,             ,     Bearer abc123.0123456789abcdef",
    "K10HASH::abc123.0123456789abcdef,    HASH, Bearer abc123.0123456789abcdef",
    "ABC123.0123456789abcdef,             ,     Basic bm9kZTpBQkMxMjMuMDEyMzQ1Njc4OWFiY2RlZg=="
  })
  void readsEveryFormOfToken(String text, String hash, String authorization) {
    JoinToken token = JoinToken.parse(new Secret(text.replace("HASH", HASH)));
    assertThat(token.caHash()).isEqualTo(Optional.ofNullable(hash).map(h -> HASH));
    assertThat(token.credentials().authorization().reveal()).isEqualTo(authorization);
    assertThat(token.toString()).doesNotContain("pw").doesNotContain("0123456789abcdef");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "K10", "K10abc", "K10abc::node:pw", "K10::node:", "K10::nocolon"})
  void refusesWhatIsNoToken(String text) {
    assertThatThrownBy(() -> JoinToken.parse(new Secret(text)))
        .isInstanceOf(JoinException.InvalidToken.class)
        .hasMessageContaining("node-token");
  }

  @Test
  void neverFailsOtherwiseOnAnyToken() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String alphabet = "K10:.ab\u0000 é";
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder(random.nextBoolean() ? "K10" : "");
      for (int length = random.nextInt(80); length > 0; length--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        Credentials parsed = JoinToken.parse(new Secret(text.toString())).credentials();
        assertThat(parsed).as("seed " + seed).isNotNull();
      } catch (JoinException.InvalidToken e) {
        assertThat(e.getMessage()).as("seed " + seed).isNotEmpty();
      }
    }
  }

  @Test
  void readsSettingsOfACurrentServer() {
    ServerSettings settings =
        settings(
            """
            {"ClusterDNSs":["10.43.0.10"],"ClusterIPRanges":[{"IP":"10.42.0.0","Mask":"//8AAA=="},
            {"IP":"fd00:42::","Mask":"/////////wAAAAAAAAAAAA=="}],"ClusterDNS":"10.43.0.10",
            "ClusterDomain":"cluster.local","ClusterIPRange":{"IP":"1.0.0.0","Mask":"//8AAA=="},
            "DisableCCM":true,"EgressSelectorMode":"cluster","FlannelBackend":"vxlan",
            "ServiceIPRange":{"IP":"10.43.0.0","Mask":"//8AAA=="},"HTTPSPort":6443,
            "SupervisorPort":9345,"ServiceNodePortRange":{"Base":30000,"Size":2768},
            "Disables":{"traefik":true},"ExtraAPIArgs":null,"IPSECPSK":"0011","Unknown":[1],
            "CipherSuites":["TLS_A"]}
            """);
    assertThat(settings.clusterCidrs())
        .containsExactly(Cidr.parse("10.42.0.0/16"), Cidr.parse("fd00:42::/56"));
    assertThat(settings.serviceCidrs()).containsExactly(Cidr.parse("10.43.0.0/16"));
    assertThat(settings.clusterDns()).containsExactly(IpAddresses.parse("10.43.0.10"));
    assertThat(settings.nodePorts().last()).isEqualTo(32767);
    assertThat(settings.disableCloudController()).isTrue();
    assertThat(settings.egressSelectorMode()).isEqualTo("cluster");
    assertThat(settings.separateApiServerPort()).isTrue();
    assertThat(settings.toString()).doesNotContain("0011");
  }

  @Test
  void toleratesOldServersAndTypesOfFieldsThatNobodyReads() {
    ServerSettings settings =
        settings(
            """
            {"TLSMinVersion":771,"TLSCipherSuites":[1,2],"Datastore":{"Endpoint":""},
            "ClusterIPRange":null,"ClusterDNSs":null,"ClusterDNS":"","MinTLSVersion":0}
            """);
    assertThat(settings.clusterCidrs()).isEmpty();
    assertThat(settings.egressSelectorMode()).isEqualTo("agent");
    assertThat(settings.minTlsVersion()).isEmpty();
    assertThat(settings.cipherSuites()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"ClusterIPRange\":{\"IP\":\"host\",\"Mask\":\"//8AAA==\"}}",
        "{\"ClusterIPRange\":{\"IP\":\"10.0.0.0\"}}",
        "{\"ClusterIPRange\":{\"IP\":\"10.0.0.0\",\"Mask\":\"!\"}}",
        "{\"ClusterIPRange\":{\"IP\":\"10.0.0.0\",\"Mask\":\"AP8AAA==\"}}"
      })
  void refusesSettingsThatMakeNoSense(String json) {
    assertThatThrownBy(() -> settings(json)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void hashesTheTextOfOneCertificateAndTheRootOfAChain() throws Exception {
    Instant now = Instant.now();
    CertificateAuthority root =
        CertificateAuthority.selfSigned("root", Keys.generate(), now, Duration.ofDays(10));
    String one = Certificates.pem(root.certificate());
    assertThat(hash(one)).contains(Certificates.sha256(one.getBytes(StandardCharsets.UTF_8)));
    assertThat(hash(one + "\n")).isNotEqualTo(hash(one));

    KeyPair key = Keys.generate();
    String leaf =
        Certificates.pem(
            root.issue(
                CertificateAuthority.Subject.client("x"),
                key.getPublic(),
                now,
                Duration.ofDays(1)));
    assertThat(hash(leaf + one)).contains(Certificates.sha256(root.certificate().getEncoded()));

    CertificateAuthority stranger =
        CertificateAuthority.selfSigned("root2", Keys.generate(), now, Duration.ofDays(10));
    String mixed = leaf + Certificates.pem(stranger.certificate());
    assertThat(hash(mixed)).contains(Certificates.sha256(mixed.getBytes(StandardCharsets.UTF_8)));
    assertThat(hash("no certificate")).isEmpty();
  }

  @Test
  void takesTheFirstAddressesOfTheDefaultRoutes() {
    FakeHostNetwork host =
        new FakeHostNetwork(
            Optional.of("eth0"),
            Optional.of("eth0"),
            nic("lo", "127.0.0.1"),
            nic("eth0", "169.254.1.1", "10.0.0.7", "10.0.0.8", "fe80::1", "fd00::7"));
    assertThat(choose(host, config(List.of(), Optional.empty()), "10.42.0.0/16"))
        .containsExactly("10.0.0.7", "fd00:0:0:0:0:0:0:7");
    assertThat(choose(host, config(List.of(), Optional.empty()), "fd01::/56"))
        .containsExactly("fd00:0:0:0:0:0:0:7", "10.0.0.7");
  }

  @Test
  void takesWhatIsConfiguredOverWhatItFinds() {
    FakeHostNetwork host =
        new FakeHostNetwork(
            Optional.of("eth0"),
            Optional.empty(),
            nic("eth0", "10.0.0.7"),
            nic("eth1", "192.168.0.7"),
            nic("eth2", "192.168.1.7", "192.168.1.8"));
    assertThat(choose(host, config(List.of("10.9.9.9"), Optional.of("eth1")), "10.42.0.0/16"))
        .containsExactly("10.9.9.9");
    assertThat(choose(host, config(List.of(), Optional.of("eth1")), "10.42.0.0/16"))
        .containsExactly("192.168.0.7");
    assertThatThrownBy(() -> choose(host, config(List.of(), Optional.of("eth2")), "10.42.0.0/16"))
        .hasMessageContaining("several addresses")
        .hasMessageContaining("--node-ip");
    assertThatThrownBy(() -> choose(host, config(List.of(), Optional.of("eth9")), "10.42.0.0/16"))
        .hasMessageContaining("eth9")
        .hasMessageContaining("eth0, eth1, eth2");
  }

  @Test
  void asksForAnAddressWhenThereIsNoDefaultRoute() {
    FakeHostNetwork host =
        new FakeHostNetwork(Optional.of("cni0"), Optional.empty(), nic("cni0", "10.42.0.1"));
    assertThatThrownBy(() -> choose(host, config(List.of(), Optional.empty()), "10.42.0.0/16"))
        .isInstanceOf(JoinException.HostUnfit.class)
        .hasMessageContaining("--node-ip");
  }

  @Test
  void refusesANodeWithoutTheFamilyOfTheCluster() {
    ServerSettings settings =
        settings(
            """
            {"ClusterIPRange":{"IP":"fd00:42::","Mask":"/////////wAAAAAAAAAAAA=="},
            "ServiceIPRange":{"IP":"fd00:43::","Mask":"/////////wAAAAAAAAAAAA=="}}
            """);
    assertThatThrownBy(
            () ->
                AddressChoice.checkFamilies(
                    settings, new NodeAddresses(addresses("10.0.0.7"), List.of())))
        .isInstanceOf(JoinException.FamilyMismatch.class)
        .hasMessageContaining("IPv6")
        .hasMessageContaining("--node-ip");
  }

  @Test
  void findsTheDefaultRouteOfLeastMetric() {
    assertThat(
            LinuxHostNetwork.defaultRoute4(
                List.of(
                    "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT",
                    "eth1\t00000000\t0100000A\t0003\t0\t0\t200\t00000000\t0\t0\t0",
                    "eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0",
                    "eth2\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0")))
        .contains("eth0");
    String zero = "0".repeat(32);
    assertThat(
            LinuxHostNetwork.defaultRoute6(
                List.of(
                    zero + " 00 " + zero + " 00 " + zero + " ffffffff 1 0 00200200 lo",
                    zero + " 00 " + zero + " 00 fe80 00000400 1 0 00000003 eth0")))
        .contains("eth0");
  }

  @Test
  void seesTheLoopbackOfThisHost() {
    assertThat(new LinuxHostNetwork().interfaces())
        .filteredOn(nic -> nic.name().equals("lo"))
        .allSatisfy(nic -> assertThat(nic.addresses()).contains(IpAddresses.parse("127.0.0.1")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nameserver 10.0.0.2                          | true",
        "nameserver 8.8.8.8%nnameserver fd00::53      | true",
        "nameserver 169.254.169.254                   | true",
        "nameserver 127.0.0.53                        | false",
        "nameserver 10.0.0.2%nnameserver 127.0.0.1    | false",
        "nameserver fe80::1                           | false",
        "search example.org                           | false",
        "nameserver                                   | false",
        "# nameserver 10.0.0.2                        | false"
      })
  void knowsWhichResolvConfIsOfUseToPods(String text, boolean usable) {
    assertThat(ResolvConf.isUsable(text.replace("%n", "\n"))).isEqualTo(usable);
  }

  @Test
  void writesAResolvConfWhenNoneIsOfUse() throws Exception {
    Path stub = Files.writeString(directory.resolve("stub"), "nameserver 127.0.0.53\n");
    Path good = Files.writeString(directory.resolve("good"), "nameserver 10.0.0.2\n");
    Path fallback = directory.resolve("fallback");
    assertThat(ResolvConf.choose(Optional.empty(), List.of(stub, good), fallback)).isEqualTo(good);
    assertThat(fallback).doesNotExist();
    assertThat(ResolvConf.choose(Optional.of(stub), List.of(good), fallback)).isEqualTo(stub);
    assertThat(
            ResolvConf.choose(Optional.empty(), List.of(stub, directory.resolve("none")), fallback))
        .isEqualTo(fallback);
    assertThat(fallback).hasContent("nameserver 8.8.8.8\nnameserver 2001:4860:4860::8888\n");
  }

  @Test
  void quotesPathsThatYamlWouldMisread() {
    String text =
        Kubeconfig.text(
            URI.create("https://127.0.0.1:6444"),
            Path.of("/a b/#c"),
            Path.of("/x.crt"),
            Path.of("/x.key"));
    assertThat(text)
        .contains("certificate-authority: \"/a b/#c\"\n")
        .contains("client-certificate: /x.crt\n")
        .startsWith("apiVersion: v1\nclusters:\n- cluster:\n");
  }

  private static ServerSettings settings(String json) {
    return SettingsJson.parse(json.getBytes(StandardCharsets.UTF_8));
  }

  private static Optional<String> hash(String pem) {
    return CaHash.of(pem.getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> choose(HostNetwork host, JoinConfig config, String clusterCidr) {
    return AddressChoice.choose(config, host, List.of(Cidr.parse(clusterCidr))).internal().stream()
        .map(InetAddress::getHostAddress)
        .toList();
  }

  private static List<InetAddress> addresses(String... texts) {
    return Arrays.stream(texts).map(IpAddresses::parse).toList();
  }

  private static Interface nic(String name, String... texts) {
    return new Interface(name, addresses(texts));
  }

  private JoinConfig config(List<String> nodeAddresses, Optional<String> flannelInterface) {
    return new JoinConfig(
        URI.create("https://h:6443"),
        URI.create("https://h:6443"),
        Optional.empty(),
        directory,
        directory,
        "n",
        false,
        nodeAddresses.stream().map(IpAddresses::parse).toList(),
        List.of(),
        flannelInterface,
        Optional.empty(),
        JoinConfig.DEFAULT_RUNTIME_ENDPOINT,
        Optional.empty(),
        false);
  }

  private record FakeHostNetwork(
      Optional<String> ipv4Route, Optional<String> ipv6Route, List<Interface> interfaces)
      implements HostNetwork {
    FakeHostNetwork(
        Optional<String> ipv4Route, Optional<String> ipv6Route, Interface... interfaces) {
      this(ipv4Route, ipv6Route, List.of(interfaces));
    }

    @Override
    public Optional<String> defaultRouteInterface(boolean ipv6) {
      return ipv6 ? ipv6Route : ipv4Route;
    }
  }
}
