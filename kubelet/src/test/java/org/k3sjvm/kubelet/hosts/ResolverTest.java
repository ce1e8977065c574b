package org.k3sjvm.kubelet.hosts;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.DnsConfig;
import org.k3sjvm.kubelet.pod.PodEvent;

class ResolverTest {
  private static final DnsConfig HOST =
      Resolver.parse("nameserver 9.9.9.9\nsearch corp.example. lan\noptions timeout:2\n");

  @Test
  void clusterFirstAsksTheClusterAndSearchesItsDomains() {
    assertThat(of(new PodSpecBuilder().build()))
        .isEqualTo(
            new DnsConfig(
                List.of("10.43.0.10"),
                List.of(
                    "shop.svc.cluster.local",
                    "svc.cluster.local",
                    "cluster.local",
                    "corp.example",
                    "lan"),
                List.of("ndots:5")));
  }

  @Test
  void podsOnTheHostsNetworkUseTheHostsUnlessTheyAskOtherwise() {
    assertThat(of(new PodSpecBuilder().withHostNetwork(true).build())).isEqualTo(HOST);
    assertThat(
            of(new PodSpecBuilder()
                    .withHostNetwork(true)
                    .withDnsPolicy("ClusterFirstWithHostNet")
                    .build())
                .servers())
        .containsExactly("10.43.0.10");
  }

  @Test
  void ownSettingsAreAddedAndOverride() {
    DnsConfig dns =
        of(
            new PodSpecBuilder()
                .withNewDnsConfig()
                .withNameservers("1.1.1.1", "10.43.0.10")
                .withSearches("own")
                .addNewOption()
                .withName("ndots")
                .withValue("2")
                .endOption()
                .endDnsConfig()
                .build());

    assertThat(dns.servers()).containsExactly("10.43.0.10", "1.1.1.1");
    assertThat(dns.searches()).endsWith("own");
    assertThat(dns.options()).containsExactly("ndots:2");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "ClusterFirst, false, true",
        "-, false, true",
        "ClusterFirst, true, false",
        "ClusterFirstWithHostNet, true, true",
        "Default, false, false"
      })
  void thePolicySaysWhoIsAsked(String policy, boolean onHost, boolean cluster) {
    PodSpec spec = new PodSpecBuilder().withDnsPolicy(policy).withHostNetwork(onHost).build();

    assertThat(of(spec).servers()).containsExactly(cluster ? "10.43.0.10" : "9.9.9.9");
  }

  @Test
  void nobodyIsAskedUnlessThePodSaysWho() {
    assertThat(of(new PodSpecBuilder().withDnsPolicy("None").build()))
        .isEqualTo(new DnsConfig(List.of(), List.of(), List.of()));
  }

  @Test
  void whatResolversDoNotTakeIsLeftOutAndTold() {
    Resolver.Answer answer =
        answer(
            new PodSpecBuilder()
                .withDnsPolicy("None")
                .withNewDnsConfig()
                .withNameservers("1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4")
                .withSearches(
                    Stream.concat(
                            Stream.of("x".repeat(254)),
                            IntStream.range(0, 40).mapToObj(i -> "d" + i))
                        .toList())
                .endDnsConfig()
                .build(),
            List.of());

    assertThat(answer.dns().servers()).hasSize(3);
    assertThat(answer.dns().searches()).hasSize(31).startsWith("d0").endsWith("d30");
    assertThat(answer.warnings())
        .extracting(PodEvent::reason)
        .containsOnly("DNSConfigForming")
        .hasSize(2);
    assertThat(answer.warnings().getFirst().message())
        .isEqualTo(
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied"
                + " nameserver line is: 1.1.1.1 1.1.1.2 1.1.1.3");
  }

  @Test
  void aSearchLineThatIsTooLongLosesItsEnd() {
    List<String> searches =
        IntStream.range(0, 12).mapToObj(i -> "a".repeat(199) + (char) ('a' + i)).toList();

    Resolver.Answer answer =
        answer(
            new PodSpecBuilder()
                .withDnsPolicy("None")
                .withNewDnsConfig()
                .withSearches(searches)
                .endDnsConfig()
                .build(),
            List.of());

    assertThat(answer.dns().searches()).isEqualTo(searches.subList(0, 10));
    assertThat(answer.warnings().getFirst().message()).startsWith("Search Line limits");
  }

  @Test
  void withoutAClusterServerTheHostsIsUsedAndTold() {
    Resolver.Answer answer = answer(new PodSpecBuilder().build(), List.of());

    assertThat(answer.dns()).isEqualTo(HOST);
    assertThat(answer.warnings().getFirst().reason()).isEqualTo("MissingClusterDNS");
    assertThat(answer.warnings().getFirst().message())
        .isEqualTo(
            "pod: \"web_shop(u1)\". kubelet does not have ClusterDNS IP configured and cannot"
                + " create Pod using \"ClusterFirst\" policy. Falling back to \"Default\" policy.");
  }

  @Test
  void readsAResolverFileAsResolversDo() {
    assertThat(
            Resolver.parse(
                "# nameserver 1.1.1.1\n\tnameserver  2.2.2.2 # x\nsearch a. . b\nsearch c.\n"
                    + "options ndots:1 rotate\noptions ndots:3\nnameserver ::1"))
        .isEqualTo(
            new DnsConfig(List.of("2.2.2.2", "::1"), List.of("c"), List.of("ndots:3", "rotate")));
    assertThat(Resolver.ofNoHost(List.of("fd00::1", "10.0.0.1")))
        .isEqualTo(new DnsConfig(List.of("::1", "127.0.0.1"), List.of("."), List.of()));
  }

  private static DnsConfig of(PodSpec spec) {
    return answer(spec, List.of("10.43.0.10")).dns();
  }

  private static Resolver.Answer answer(PodSpec spec, List<String> servers) {
    return Resolver.of(
        new PodBuilder()
            .withNewMetadata()
            .withName("web")
            .withUid("u1")
            .withNamespace("shop")
            .endMetadata()
            .withSpec(spec)
            .build(),
        servers,
        "cluster.local",
        HOST);
  }
}
