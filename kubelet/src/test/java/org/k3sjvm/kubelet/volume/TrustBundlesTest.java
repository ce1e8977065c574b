package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ClusterTrustBundleProjection;
import io.fabric8.kubernetes.api.model.ClusterTrustBundleProjectionBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirementBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;

class TrustBundlesTest {
  private static final String A = certificate("a");
  private static final String B = certificate("b");
  private static final String C = certificate("c");

  private final FakeKubeApi api = new FakeKubeApi();
  private final TrustBundles bundles = new TrustBundles(api);

  private static String certificate(String content) {
    return new Pem.Block("CERTIFICATE", content.getBytes(StandardCharsets.UTF_8)).text();
  }

  private void bundle(String name, String signer, Map<String, String> labels, String text)
      throws InterruptedException {
    bundle("v1beta1", name, signer, labels, text);
  }

  private void bundle(
      String version, String name, String signer, Map<String, String> labels, String text)
      throws InterruptedException {
    api.create(
        new Resource<>(
            "certificates.k8s.io/" + version,
            "clustertrustbundles",
            "ClusterTrustBundle",
            GenericKubernetesResource.class,
            false),
        new GenericKubernetesResourceBuilder()
            .withNewMetadata()
            .withName(name)
            .withLabels(labels)
            .endMetadata()
            .addToAdditionalProperties("spec", Map.of("signerName", signer, "trustBundle", text))
            .build());
  }

  private String bySigner(LabelSelector selector) throws InterruptedException {
    return bundles.certificates(
        new ClusterTrustBundleProjectionBuilder()
            .withSignerName("example.com/s")
            .withLabelSelector(selector)
            .build());
  }

  private static LabelSelectorRequirement expression(String label, String operator) {
    return new LabelSelectorRequirementBuilder().withKey(label).withOperator(operator).build();
  }

  private static ClusterTrustBundleProjection named(String name, boolean optional) {
    return new ClusterTrustBundleProjectionBuilder().withName(name).withOptional(optional).build();
  }

  @Test
  void eachCertificateOfABundleIsThereOnceWhateverSurroundsIt() throws Exception {
    bundle("one", "", Map.of(), "of b\n" + B + A + "\n# again\n" + B);
    assertThat(bundles.certificates(named("one", false))).isEqualTo(A + B);
  }

  @Test
  void theBundlesOfASignerAreOneFile() throws Exception {
    bundle("s:one", "example.com/s", Map.of("live", "yes"), B + C);
    bundle("s:two", "example.com/s", Map.of("live", "no"), A + C);
    bundle("other", "example.com/other", Map.of("live", "yes"), certificate("d"));
    assertThat(bySigner(new LabelSelector())).isEqualTo(A + B + C);
    assertThat(bySigner(new LabelSelectorBuilder().addToMatchLabels("live", "yes").build()))
        .isEqualTo(B + C);
    assertThat(
            bySigner(
                new LabelSelectorBuilder()
                    .withMatchExpressions(
                        expression("live", "Exists"), expression("dead", "DoesNotExist"))
                    .build()))
        .isEqualTo(A + B + C);
  }

  @Test
  void noSelectorSelectsNothing() throws Exception {
    bundle("s:one", "example.com/s", Map.of(), A);
    var wanted = new ClusterTrustBundleProjectionBuilder().withSignerName("example.com/s");
    assertThatThrownBy(() -> bundles.certificates(wanted.build()))
        .isInstanceOf(VolumeException.class)
        .hasMessage("combination of signerName and labelSelector matched zero ClusterTrustBundles");
    assertThat(bundles.certificates(wanted.withOptional(true).build())).isEmpty();
  }

  @Test
  void aBundleThatIsMissingIsNamedUnlessItIsOptional() throws Exception {
    assertThat(bundles.certificates(named("none", true))).isEmpty();
    assertThatThrownBy(() -> bundles.certificates(named("none", false)))
        .hasMessage("ClusterTrustBundle \"none\" not found");
  }

  @Test
  void anOlderServerIsAskedForTheOlderVersion() throws Exception {
    bundle("v1alpha1", "one", "", Map.of(), A);
    var unknown = new KubeException.NotFound("list", "404 page not found");
    api.failNext(Verb.LIST, unknown);
    assertThat(bundles.certificates(named("one", false))).isEqualTo(A);
    api.failNext(Verb.LIST, unknown);
    api.failNext(Verb.LIST, unknown);
    assertThatThrownBy(() -> bundles.certificates(named("one", true)))
        .hasMessageContaining("--runtime-config=certificates.k8s.io/v1beta1=true");
  }

  @Test
  void anOperatorThatIsNoneIsRefused() {
    var selector = new LabelSelectorBuilder().withMatchExpressions(expression("a", "Like")).build();
    assertThatThrownBy(() -> bySigner(selector))
        .hasMessage("\"Like\" is not a valid label selector operator");
  }
}
