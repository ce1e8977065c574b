package org.k3sjvm.networkpolicy.memory;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.k3sjvm.base.files.KeptFile;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.networkpolicy.model.AddressRanges;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.k3sjvm.networkpolicy.model.NamedPort;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.Policy.BlockPeer;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Policy.Peer;
import org.k3sjvm.networkpolicy.model.Policy.PodPeer;
import org.k3sjvm.networkpolicy.model.Policy.Port;
import org.k3sjvm.networkpolicy.model.Policy.PortByName;
import org.k3sjvm.networkpolicy.model.Policy.Rule;
import org.k3sjvm.networkpolicy.model.Protocol;
import org.k3sjvm.networkpolicy.model.Selector;
import org.k3sjvm.networkpolicy.model.Selector.Operator;
import org.k3sjvm.networkpolicy.model.Selector.Requirement;

/** Facts as text. */
final class FactsJson implements KeptFile.Codec<ClusterFacts> {
  private static final int VERSION = 1;

  @Override
  public String write(ClusterFacts facts) {
    ObjectNode root = KubeJson.newObject().put("version", VERSION);
    ArrayNode policies = root.putArray("policies");
    facts.policies().stream()
        .sorted(Comparator.comparing(Policy::name))
        .forEach(policy -> write(policies.addObject(), policy));
    ObjectNode namespaces = root.putObject("namespaces");
    new TreeMap<>(facts.namespaces())
        .forEach((name, labels) -> labels(namespaces.putObject(name), labels));
    ArrayNode pods = root.putArray("pods");
    facts.pods().stream()
        .sorted(Comparator.comparing(PodFacts::name))
        .forEach(pod -> write(pods.addObject(), pod));
    return KubeJson.write(root);
  }

  @Override
  public ClusterFacts read(String text) {
    JsonNode root = KubeJson.read(text, JsonNode.class);
    if (root.path("version").asInt() != VERSION) {
      throw new IllegalArgumentException("not of version " + VERSION);
    }
    if (!root.path("policies").isArray()) {
      throw new IllegalArgumentException("it does not say which policies there are");
    }
    List<Policy> policies = new ArrayList<>();
    for (JsonNode policy : root.path("policies")) {
      policies.add(
          new Policy(
              name(policy),
              selector(policy.path("pods")),
              rules(policy.path("ingress")),
              rules(policy.path("egress"))));
    }
    Map<String, Map<String, String>> namespaces = new TreeMap<>();
    root.path("namespaces")
        .properties()
        .forEach(namespace -> namespaces.put(namespace.getKey(), labels(namespace.getValue())));
    List<PodFacts> pods = new ArrayList<>();
    root.path("pods").forEach(pod -> pods.add(pod(pod)));
    return new ClusterFacts(policies, namespaces, pods);
  }

  private static void write(ObjectNode to, Policy policy) {
    name(to, policy.name());
    write(to.putArray("pods"), policy.pods());
    policy.ingress().ifPresent(rules -> write(to.putArray("ingress"), rules));
    policy.egress().ifPresent(rules -> write(to.putArray("egress"), rules));
  }

  private static void write(ArrayNode to, List<Rule> rules) {
    for (Rule rule : rules) {
      ObjectNode node = to.addObject();
      ArrayNode peers = node.putArray("peers");
      for (Peer peer : rule.peers()) {
        ObjectNode one = peers.addObject();
        switch (peer) {
          case PodPeer(var namespaces, var pods) -> {
            namespaces.ifPresent(selector -> write(one.putArray("namespaces"), selector));
            write(one.putArray("pods"), pods);
          }
          case BlockPeer(var addresses) ->
              one.put("ipv6", addresses.ipv6()).put("addresses", addresses.toString());
        }
      }
      ArrayNode ports = node.putArray("ports");
      for (Port port : rule.ports()) {
        switch (port) {
          case NumberedPorts(var protocol, int from, int to2) ->
              ports.addObject().put("protocol", protocol.name()).put("from", from).put("to", to2);
          case PortByName(var protocol, var name) ->
              ports.addObject().put("protocol", protocol.name()).put("name", name);
        }
      }
    }
  }

  /** Empty for a direction that the policy says nothing of. */
  private static Optional<List<Rule>> rules(JsonNode rules) {
    if (rules.isMissingNode()) {
      return Optional.empty();
    }
    List<Rule> all = new ArrayList<>();
    for (JsonNode rule : rules) {
      List<Peer> peers = new ArrayList<>();
      rule.path("peers").forEach(peer -> peers.add(peer(peer)));
      List<Port> ports = new ArrayList<>();
      rule.path("ports").forEach(port -> ports.add(port(port)));
      all.add(new Rule(peers, ports));
    }
    return Optional.of(all);
  }

  private static Peer peer(JsonNode peer) {
    if (peer.has("addresses")) {
      return new BlockPeer(
          AddressRanges.parse(peer.path("ipv6").asBoolean(), peer.path("addresses").asText()));
    }
    return new PodPeer(
        peer.has("namespaces") ? Optional.of(selector(peer.path("namespaces"))) : Optional.empty(),
        selector(peer.path("pods")));
  }

  private static Port port(JsonNode port) {
    Protocol protocol = Protocol.valueOf(port.path("protocol").asText());
    return port.has("name")
        ? new PortByName(protocol, port.path("name").asText())
        : new NumberedPorts(protocol, port.path("from").asInt(), port.path("to").asInt());
  }

  private static void write(ArrayNode to, Selector selector) {
    for (Requirement requirement : selector.all()) {
      ObjectNode node =
          to.addObject()
              .put("key", requirement.key())
              .put("operator", requirement.operator().name());
      ArrayNode values = node.putArray("values");
      requirement.values().forEach(values::add);
    }
  }

  /** What is missing is not everything. */
  private static Selector selector(JsonNode selector) {
    if (!selector.isArray()) {
      throw new IllegalArgumentException("no selector: " + selector);
    }
    List<Requirement> all = new ArrayList<>();
    for (JsonNode requirement : selector) {
      List<String> values = new ArrayList<>();
      requirement.path("values").forEach(value -> values.add(value.asText()));
      all.add(
          new Requirement(
              requirement.path("key").asText(),
              Operator.valueOf(requirement.path("operator").asText()),
              values));
    }
    return new Selector(all);
  }

  private static void write(ObjectNode to, PodFacts pod) {
    name(to, pod.name());
    to.put("uid", pod.uid()).put("node", pod.node()).put("created", pod.created());
    to.put("deleting", pod.deleting());
    labels(to.putObject("labels"), pod.labels());
    ArrayNode addresses = to.putArray("addresses");
    pod.addresses().forEach(addresses::add);
    ArrayNode ports = to.putArray("ports");
    for (NamedPort port : pod.ports()) {
      ports
          .addObject()
          .put("name", port.name())
          .put("protocol", port.protocol().name())
          .put("number", port.number());
    }
  }

  private static PodFacts pod(JsonNode pod) {
    List<String> addresses = new ArrayList<>();
    pod.path("addresses").forEach(address -> addresses.add(address.asText()));
    List<NamedPort> ports = new ArrayList<>();
    for (JsonNode port : pod.path("ports")) {
      ports.add(
          new NamedPort(
              port.path("name").asText(),
              Protocol.valueOf(port.path("protocol").asText()),
              port.path("number").asInt()));
    }
    return new PodFacts(
        name(pod),
        pod.path("uid").asText(),
        labels(pod.path("labels")),
        addresses,
        ports,
        pod.path("node").asText(),
        false,
        pod.path("deleting").asBoolean(),
        pod.path("created").asText());
  }

  private static void name(ObjectNode to, ObjectName name) {
    to.put("namespace", name.namespace()).put("name", name.name());
  }

  private static ObjectName name(JsonNode from) {
    return new ObjectName(from.path("namespace").asText(), from.path("name").asText());
  }

  private static void labels(ObjectNode to, Map<String, String> labels) {
    new TreeMap<>(labels).forEach(to::put);
  }

  private static Map<String, String> labels(JsonNode from) {
    Map<String, String> labels = new TreeMap<>();
    from.properties().forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    return labels;
  }
}
