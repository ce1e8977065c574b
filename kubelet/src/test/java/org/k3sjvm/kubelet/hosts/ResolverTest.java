package org.k3sjvm.kubelet.hosts;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.DnsConfig;

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

  private static DnsConfig of(PodSpec spec) {
    return Resolver.of(
        new PodBuilder()
            .withNewMetadata()
            .withNamespace("shop")
            .endMetadata()
            .withSpec(spec)
            .build(),
        List.of("10.43.0.10"),
        "cluster.local",
        HOST);
  }
}
