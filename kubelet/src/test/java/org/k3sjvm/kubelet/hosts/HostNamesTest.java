package org.k3sjvm.kubelet.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.HostAlias;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostNamesTest {
  private static final String LONG = "a".repeat(60);

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // hostname, subdomain, as FQDN, override, host, domain, kernel
        "-,   -,   false, -,       web, '',                        web",
        "own, -,   false, -,       own, '',                        own",
        "own, sub, false, -,       own, sub.d.svc.cluster.local,   own",
        "own, sub, true,  -,       own, sub.d.svc.cluster.local,   own.sub.d.svc.cluster.local",
        "own, -,   true,  -,       own, '',                        own",
        "own, sub, false, x.y,     x.y, '',                        x.y"
      })
  void aPodIsCalledWhatItAsksFor(
      String hostname,
      String subdomain,
      boolean full,
      String override,
      String host,
      String domain,
      String kernel) {
    assertThat(HostNames.of(pod("web", hostname, subdomain, full, override), "cluster.local"))
        .isEqualTo(new HostNames(host, domain, kernel));
  }

  @Test
  void aLongPodNameIsCutAndDoesNotEndInADash() {
    String name = "a".repeat(62) + "--tail";

    assertThat(HostNames.of(pod(name, null, null, false, null), "cluster.local").kernel())
        .isEqualTo("a".repeat(62));
  }

  @Test
  void aNameThatTheKernelCannotHoldIsAnError() {
    assertThatThrownBy(() -> HostNames.of(pod("web", LONG, "sub", true, null), "cluster.local"))
        .hasMessageStartingWith("failed to construct FQDN from pod hostname and cluster domain")
        .hasMessageEndingWith(
            "is too long (64 characters is the max, "
                + (LONG + ".sub.d.svc.cluster.local").length()
                + " characters requested)");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {"Bad, -, -", "a.b, -, -", "a, -x, -", "a, -, a..b", "a, -, -a"})
  void aNameThatIsNoneIsAnError(String hostname, String subdomain, String override) {
    assertThatThrownBy(
            () -> HostNames.of(pod("web", hostname, subdomain, false, override), "cluster.local"))
        .hasMessageContaining("is not a valid DNS");
  }

  @Test
  void theHostsFileNamesThePodUnderEachAddress() {
    assertThat(
            HostsFile.of(
                List.of("10.42.0.5", "fd42::5"),
                new HostNames("web", "sub.d.svc.cluster.local", "web"),
                List.of(new HostAlias(List.of("foo.local", "bar.local"), "127.0.0.1"))))
        .isEqualTo(
            """
            # Kubernetes-managed hosts file.
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            fe00::0\tip6-localnet
            fe00::0\tip6-mcastprefix
            fe00::1\tip6-allnodes
            fe00::2\tip6-allrouters
            10.42.0.5\tweb.sub.d.svc.cluster.local\tweb
            fd42::5\tweb.sub.d.svc.cluster.local\tweb

            # Entries added by HostAliases.
            127.0.0.1\tfoo.local\tbar.local
            """);
  }

  @Test
  void onTheHostsNetworkItIsTheHostsFileUnderAnotherHeader() {
    assertThat(HostsFile.ofHost("127.0.0.1 localhost\n", List.of()))
        .isEqualTo("# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n")
        .doesNotContain("# Kubernetes-managed hosts file.\n");
  }

  private static Pod pod(
      String name,
      @Nullable String hostname,
      @Nullable String subdomain,
      boolean full,
      @Nullable String override) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("d")
        .endMetadata()
        .withNewSpec()
        .withHostname(hostname)
        .withSubdomain(subdomain)
        .withSetHostnameAsFQDN(full)
        .withHostnameOverride(override)
        .endSpec()
        .build();
  }
}
