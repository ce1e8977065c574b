package org.k3sjvm.networkpolicy.memory;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.List;
import java.util.Map;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.networkpolicy.model.AddressRanges;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.k3sjvm.networkpolicy.model.PolicyJson;

/** Policies, and what is kept of them. */
public final class FuzzedPolicies implements FuzzTargets {
  private static final String POLICY =
      """
      {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a",
      "namespace":"b"},"spec":{"podSelector":{"matchLabels":{"x":"y"},"matchExpressions":[
      {"key":"k","operator":"NotIn","values":["v"]}]},"policyTypes":["Ingress","Egress"],
      "ingress":[{"from":[{"namespaceSelector":{}},{"ipBlock":{"cidr":"10.0.0.0/8",
      "except":["10.1.0.0/16"]}}],"ports":[{"protocol":"TCP","port":80,"endPort":90},
      {"port":"http"}]}],"egress":[{"to":[{"podSelector":{}}]}]}}
      """;

  @Override
  public List<FuzzTarget> targets() {
    FactsJson json = new FactsJson();
    ClusterFacts facts =
        new ClusterFacts(
            List.of(PolicyJson.read(KubeJson.read(POLICY, GenericKubernetesResource.class))),
            Map.of("b", Map.of("l", "v")),
            List.of());
    return List.of(
        FuzzTarget.text("network policy", FuzzedPolicies::policy, IllegalArgumentException.class)
            .seeds(POLICY),
        FuzzTarget.text("kept network policies", json::read, IllegalArgumentException.class)
            .seeds(json.write(facts)),
        FuzzTarget.text(
                "range of addresses",
                text -> AddressRanges.parse(text.indexOf(':') >= 0, text),
                IllegalArgumentException.class)
            .seeds("10.0.0.0-10.0.0.9", "2001:db8::-2001:db8::1"));
  }

  /** A policy without a name is not asked about: no API server has one. */
  private static void policy(String text) {
    GenericKubernetesResource object = KubeJson.read(text, GenericKubernetesResource.class);
    if (object != null
        && object.getMetadata() != null
        && object.getMetadata().getName() != null
        && object.getMetadata().getNamespace() != null) {
      var _ = PolicyJson.read(object);
    }
  }
}
