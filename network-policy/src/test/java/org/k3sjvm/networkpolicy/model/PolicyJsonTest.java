package org.k3sjvm.networkpolicy.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.networkpolicy.model.Policy.BlockPeer;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Policy.PodPeer;
import org.k3sjvm.networkpolicy.model.Policy.PortByName;
import org.k3sjvm.networkpolicy.model.Policy.Rule;

class PolicyJsonTest {
  @Test
  void isAboutIngressUnlessTheTypesSayOtherwise() {
    assertThat(directions("{'podSelector': {}}")).isEqualTo("in");
    assertThat(directions("{'podSelector': {}, 'egress': []}")).isEqualTo("in");
    assertThat(directions("{'podSelector': {}, 'egress': [{}]}")).isEqualTo("in out");
    assertThat(directions("{'podSelector': {}, 'policyTypes': ['Egress']}")).isEqualTo("out");
    assertThat(directions("{'podSelector': {}, 'policyTypes': ['Ingress'], 'egress': [{}]}"))
        .isEqualTo("in");
    assertThat(directions("{'podSelector': {}, 'policyTypes': ['Egress', 'Ingress']}"))
        .isEqualTo("in out");
  }

  @Test
  void letsNobodyInWithoutRulesAndEverybodyWithAnEmptyOne() {
    assertThat(read("{'podSelector': {}, 'ingress': []}").ingress()).contains(List.of());
    assertThat(read("{'podSelector': {}, 'ingress': [{}]}").ingress())
        .contains(List.of(new Rule(List.of(), List.of())));
  }

  @Test
  void readsPeersAndPorts() {
    Policy policy =
        read(
            """
            {'podSelector': {'matchLabels': {'app': 'web'}}, 'ingress': [{
              'from': [
                {'podSelector': {'matchExpressions': [
                  {'key': 'app', 'operator': 'NotIn', 'values': ['b', 'a']},
                  {'key': 'tier', 'operator': 'Exists'}]}},
                {'namespaceSelector': {}},
                {'namespaceSelector': {}, 'podSelector': {'matchLabels': {'x': 'y'}}},
                {'ipBlock': {'cidr': '10.0.0.9/24', 'except': ['10.0.0.0/25']}}],
              'ports': [
                {'port': 80}, {'protocol': 'UDP'}, {'protocol': 'SCTP', 'port': 7, 'endPort': 9},
                {'port': 'web', 'protocol': 'UDP'}]}]}
            """);

    Rule rule = policy.ingress().orElseThrow().getFirst();
    assertThat(policy.pods().toString()).isEqualTo("[app in [web]]");
    assertThat(rule.peers().get(0))
        .isEqualTo(new PodPeer(Optional.empty(), selector("[app notin [a, b], tier]", rule, 0)));
    assertThat(rule.peers().get(1))
        .isEqualTo(new PodPeer(Optional.of(Selector.EVERYTHING), Selector.EVERYTHING));
    assertThat(rule.peers().get(2)).asString().contains("x in [y]");
    assertThat(((BlockPeer) rule.peers().get(3)).addresses()).hasToString("10.0.0.128-10.0.0.255");
    assertThat(rule.ports())
        .containsExactly(
            new NumberedPorts(Protocol.TCP, 80, 80),
            new NumberedPorts(Protocol.UDP, 0, 65535),
            new NumberedPorts(Protocol.SCTP, 7, 9),
            new PortByName(Protocol.UDP, "web"));
  }

  @Test
  void letsNothingThroughByARuleThatItDoesNotUnderstand() {
    assertThat(read("{'podSelector': {}, 'ingress': [{'from': [{'serviceSelector': {}}]}, {}]}"))
        .satisfies(p -> assertThat(p.ingress().orElseThrow()).hasSize(1));
    assertThat(read("{'podSelector': {}, 'ingress': [{'ports': [{'protocol': 'DCCP'}]}]}"))
        .satisfies(p -> assertThat(p.ingress().orElseThrow()).isEmpty());
    assertThat(read("{'podSelector': {}, 'ingress': [{'from': [{'ipBlock': {'cidr': 'x'}}]}]}"))
        .satisfies(p -> assertThat(p.ingress().orElseThrow()).isEmpty());
  }

  @Test
  void matchesLabelsAsTheApiSays() {
    Selector selector =
        PolicyJson.selector(
            KubeJson.tree(
                Map.of(
                    "matchLabels",
                    Map.of("app", "web"),
                    "matchExpressions",
                    List.of(
                        Map.of("key", "tier", "operator", "In", "values", List.of("a", "b")),
                        Map.of("key", "old", "operator", "DoesNotExist"),
                        Map.of("key", "zone", "operator", "NotIn", "values", List.of("z"))))));

    assertThat(selector.matches(Map.of("app", "web", "tier", "a"))).isTrue();
    assertThat(selector.matches(Map.of("app", "web", "tier", "b", "zone", "y"))).isTrue();
    assertThat(selector.matches(Map.of("app", "web", "tier", "b", "zone", "z"))).isFalse();
    assertThat(selector.matches(Map.of("app", "web", "tier", "a", "old", ""))).isFalse();
    assertThat(selector.matches(Map.of("app", "web"))).isFalse();
    assertThat(selector.matches(Map.of("tier", "a"))).isFalse();
  }

  private static Selector selector(String expected, Rule rule, int peer) {
    Selector selector = ((PodPeer) rule.peers().get(peer)).pods();
    assertThat(selector.toString()).isEqualTo(expected);
    return selector;
  }

  private static String directions(String spec) {
    Policy policy = read(spec);
    return (policy.ingress().isPresent() ? "in " : "")
        .concat(policy.egress().isPresent() ? "out" : "")
        .strip();
  }

  private static Policy read(String spec) {
    String json =
        "{'apiVersion': 'networking.k8s.io/v1', 'kind': 'NetworkPolicy', 'metadata':"
            + " {'namespace': 'ns', 'name': 'p'}, 'spec': "
            + spec
            + "}";
    return PolicyJson.read(KubeJson.read(json.replace('\'', '"'), GenericKubernetesResource.class));
  }
}
