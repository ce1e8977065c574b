package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.integration.lab.Await;

/** Authorities that a cluster publishes for its pods, which only upstream's server does. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
@EnabledIfEnvironmentVariable(named = "K3S_BIN", matches = ".+")
class UpstreamTrustBundleIT {
  private static final String POD =
      """
          volumeMounts:
          - {name: trust, mountPath: /trust}
        volumes:
        - name: trust
          projected:
            sources:
            - clusterTrustBundle: {name: of-all, path: all.pem}
            - clusterTrustBundle: {name: of-none, path: none.pem, optional: true}
            - clusterTrustBundle:
                signerName: example.com/s
                path: signer.pem
                labelSelector:
                  matchExpressions:
                  - {key: stage, operator: In, values: [live, next]}
                  - {key: stage, operator: NotIn, values: [next]}
      """;

  private Cluster cluster;

  @BeforeAll
  void start() throws InterruptedException {
    cluster = Cluster.start(ServerKind.UPSTREAM_WITH_TRUST_BUNDLES, "bundles");
    Node node = cluster.host("n1");
    node.startUp();
    node.awaitReady(cluster);
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void podsHaveTheBundlesThatTheyNameOrSelectAndTheirChanges() throws InterruptedException {
    String one = authority("one");
    String two = authority("two");
    String three = authority("three");
    cluster.run(
        bundle("of-all", "", "", one)
            + bundle("example.com:s:a", "example.com/s", "live", two)
            + bundle("example.com:s:b", "example.com/s", "next", three)
            + Yaml.pod("reader", "exec sleep 3600")
            + POD,
        "reader");
    assertThat(file("all.pem")).isEqualTo(one.strip());
    assertThat(file("none.pem")).isEmpty();
    assertThat(file("signer.pem")).isEqualTo(two.strip());
    cluster.kubectl().apply(bundle("of-all", "", "", three));
    Await.until(
        "the pod sees the bundle's change",
        Duration.ofMinutes(3),
        () -> file("all.pem").equals(three.strip()));
  }

  private String file(String name) throws InterruptedException {
    return cluster.kubectl().text("exec", "reader", "--", "cat", "/trust/" + name).strip();
  }

  private static String authority(String name) {
    var authority =
        CertificateAuthority.selfSigned(name, Keys.generate(), Instant.now(), Duration.ofHours(1));
    return Certificates.pem(authority.certificate());
  }

  private static String bundle(String name, String signer, String stage, String pem) {
    return """
    ---
    apiVersion: certificates.k8s.io/v1beta1
    kind: ClusterTrustBundle
    metadata: {name: "%s"%s}
    spec:
    %s  trustBundle: |
    %s
    """
        .formatted(
            name,
            stage.isEmpty() ? "" : ", labels: {stage: " + stage + "}",
            signer.isEmpty() ? "" : "  signerName: " + signer + "\n",
            pem.strip().indent(4));
  }
}
