package org.k3sjvm.networkpolicy.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.networkpolicy.model.Policy.BlockPeer;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Policy.Peer;
import org.k3sjvm.networkpolicy.model.Policy.PodPeer;
import org.k3sjvm.networkpolicy.model.Policy.Port;
import org.k3sjvm.networkpolicy.model.Policy.PortByName;
import org.k3sjvm.networkpolicy.model.Policy.Rule;
import org.k3sjvm.networkpolicy.model.Selector.Operator;
import org.k3sjvm.networkpolicy.model.Selector.Requirement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads NetworkPolicies. Servers check them; what still makes no sense here (a field of a later
 * API) lets nothing through instead of everything.
 */
public final class PolicyJson {
  private static final Logger log = LoggerFactory.getLogger(PolicyJson.class);

  /** Where they are. No class of its own: only the few fields read here matter. */
  public static final Resource<GenericKubernetesResource> POLICIES =
      new Resource<>(
          "networking.k8s.io/v1",
          "networkpolicies",
          "NetworkPolicy",
          GenericKubernetesResource.class,
          true);

  private static final int LAST_PORT = 65535;

  private PolicyJson() {}

  public static Policy read(GenericKubernetesResource object) {
    ObjectName name = ObjectName.of(object);
    JsonNode spec = KubeJson.tree(object.getAdditionalProperties()).path("spec");
    List<String> types = new ArrayList<>();
    spec.path("policyTypes").forEach(t -> types.add(t.asText()));
    boolean ingress = types.isEmpty() || types.contains("Ingress");
    boolean egress = types.isEmpty() ? !spec.path("egress").isEmpty() : types.contains("Egress");
    return new Policy(
        name,
        selector(spec.path("podSelector")),
        ingress ? Optional.of(rules(name, spec.path("ingress"), "from")) : Optional.empty(),
        egress ? Optional.of(rules(name, spec.path("egress"), "to")) : Optional.empty());
  }

  /** A selector; everything when it is missing or empty. */
  public static Selector selector(JsonNode selector) {
    List<Requirement> all = new ArrayList<>();
    selector
        .path("matchLabels")
        .properties()
        .forEach(
            l -> all.add(new Requirement(l.getKey(), Operator.IN, List.of(l.getValue().asText()))));
    for (JsonNode expression : selector.path("matchExpressions")) {
      List<String> values = new ArrayList<>();
      expression.path("values").forEach(v -> values.add(v.asText()));
      Operator operator =
          switch (expression.path("operator").asText()) {
            case "In" -> Operator.IN;
            case "NotIn" -> Operator.NOT_IN;
            case "Exists" -> Operator.EXISTS;
            case "DoesNotExist" -> Operator.DOES_NOT_EXIST;
            default -> Operator.IN; // of no value: matches nothing
          };
      all.add(new Requirement(expression.path("key").asText(), operator, values));
    }
    return new Selector(all);
  }

  private static List<Rule> rules(ObjectName policy, JsonNode rules, String side) {
    List<Rule> all = new ArrayList<>();
    for (JsonNode rule : rules) {
      List<Peer> peers = new ArrayList<>();
      List<Port> ports = new ArrayList<>();
      try {
        for (JsonNode peer : rule.path(side)) {
          peers.add(peer(peer));
        }
        for (JsonNode port : rule.path("ports")) {
          ports.add(port(port));
        }
        all.add(new Rule(peers, ports));
      } catch (IllegalArgumentException e) {
        log.atWarn()
            .addKeyValue("policy", policy)
            .addKeyValue("reason", e.getMessage())
            .log("a rule of a network policy is not understood and lets nothing through");
      }
    }
    return all;
  }

  private static Peer peer(JsonNode peer) {
    JsonNode block = peer.path("ipBlock");
    if (block.isObject()) {
      AddressRanges addresses = AddressRanges.of(network(block.path("cidr").asText()));
      for (JsonNode except : block.path("except")) {
        AddressRanges hole = AddressRanges.of(network(except.asText()));
        if (hole.ipv6() == addresses.ipv6()) {
          addresses = addresses.without(hole);
        }
      }
      return new BlockPeer(addresses);
    }
    JsonNode namespaces = peer.path("namespaceSelector");
    JsonNode pods = peer.path("podSelector");
    if (!namespaces.isObject() && !pods.isObject()) {
      throw new IllegalArgumentException("a peer of no known kind: " + peer);
    }
    return new PodPeer(
        namespaces.isObject() ? Optional.of(selector(namespaces)) : Optional.empty(),
        selector(pods));
  }

  /** Servers accept networks with host bits set. */
  private static Cidr network(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException("not a network: " + text);
    }
    InetAddress address = IpAddresses.parse(text.substring(0, slash));
    return Cidr.containing(address, Integer.parseInt(text.substring(slash + 1)));
  }

  private static Port port(JsonNode port) {
    Protocol protocol =
        Protocol.of(port.path("protocol").asText(""))
            .orElseThrow(
                () -> new IllegalArgumentException("a protocol of no known kind: " + port));
    JsonNode number = port.path("port");
    if (number.isMissingNode() || number.isNull()) {
      return new NumberedPorts(protocol, 0, LAST_PORT);
    }
    if (number.isTextual()) {
      return new PortByName(protocol, number.asText());
    }
    int from = number.asInt();
    int to = port.path("endPort").asInt(from);
    if (from < 1 || to < from || to > LAST_PORT) {
      throw new IllegalArgumentException("ports of no sense: " + port);
    }
    return new NumberedPorts(protocol, from, to);
  }
}
