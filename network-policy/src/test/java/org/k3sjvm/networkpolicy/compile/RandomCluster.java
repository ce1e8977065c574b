package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.networkpolicy.model.AddressRanges;
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

/** Pods, namespaces and policies of a small cluster that change at random. */
final class RandomCluster {
  static final String NODE = "here";

  private static final List<String> NAMESPACES = List.of("a", "b", "c");

  final Map<ObjectName, PodFacts> pods = new TreeMap<>();
  final Map<String, Map<String, String>> namespaces = new HashMap<>();
  final Map<ObjectName, Policy> policies = new TreeMap<>();
  private final Random random;
  private long uids;

  RandomCluster(Random random) {
    this.random = random;
  }

  /** A model that has been told all of it, and nothing of how it came so. */
  PolicyModel told() {
    PolicyModel fresh = new PolicyModel(NODE, true, true);
    pods.values().forEach(fresh::pod);
    policies.values().forEach(fresh::policy);
    namespaces.forEach(fresh::namespace);
    return fresh;
  }

  /** Changes something at random, and tells the model. */
  void change(PolicyModel model) {
    switch (random.nextInt(10)) {
      case 0, 1, 2 -> {
        PodFacts pod = pod(new ObjectName(any(NAMESPACES), "p" + random.nextInt(8)));
        pods.values().stream()
            .filter(p -> !p.name().equals(pod.name()))
            .filter(p -> p.addresses().stream().anyMatch(pod.addresses()::contains))
            .toList()
            .forEach(p -> remove(model, p.name()));
        pods.put(pod.name(), pod);
        model.pod(pod);
      }
      case 3 -> {
        if (!pods.isEmpty()) {
          remove(model, any(List.copyOf(pods.keySet())));
        }
      }
      case 4, 5, 6 -> {
        Policy policy = policy(new ObjectName(any(NAMESPACES), "n" + random.nextInt(5)));
        policies.put(policy.name(), policy);
        model.policy(policy);
      }
      case 7 -> {
        if (!policies.isEmpty()) {
          ObjectName name = any(List.copyOf(policies.keySet()));
          policies.remove(name);
          model.removePolicy(name);
        }
      }
      case 8 -> {
        String name = any(NAMESPACES);
        namespaces.put(name, labels());
        model.namespace(name, namespaces.get(name));
      }
      default -> {
        String name = any(NAMESPACES);
        namespaces.remove(name);
        model.removeNamespace(name);
      }
    }
  }

  private void remove(PolicyModel model, ObjectName name) {
    PodFacts gone = pods.remove(name);
    if (gone != null) {
      model.removePod(name, gone.uid());
    }
  }

  String address(boolean ipv6) {
    return (ipv6 ? "fd00::" : "10.0.0.") + (1 + random.nextInt(30));
  }

  private PodFacts pod(ObjectName name) {
    int host = 1 + random.nextInt(24);
    PodFacts before = pods.get(name);
    PodFacts same = random.nextBoolean() ? before : null;
    List<NamedPort> ports = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      ports.add(
          new NamedPort(
              any(List.of("web", "dns")), any(List.of(Protocol.values())), 20 * random.nextInt(6)));
    }
    return new PodFacts(
        name,
        same != null ? same.uid() : "u" + uids++,
        labels(),
        same != null
            ? same.addresses()
            : random.nextInt(6) == 0
                ? List.of()
                : List.of("10.0.0." + host, "fd00::" + Integer.toHexString(host)),
        ports,
        random.nextInt(3) == 0 ? "there" : NODE,
        false,
        false,
        "");
  }

  private Policy policy(ObjectName name) {
    return new Policy(name, selector(), rules(), rules());
  }

  private Optional<List<Rule>> rules() {
    if (random.nextInt(3) == 0) {
      return Optional.empty();
    }
    List<Rule> rules = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      List<Peer> peers = new ArrayList<>();
      for (int j = random.nextInt(3); j > 0; j--) {
        peers.add(peer());
      }
      List<Port> ports = new ArrayList<>();
      for (int j = random.nextInt(3); j > 0; j--) {
        ports.add(port());
      }
      rules.add(new Rule(peers, ports));
    }
    return Optional.of(rules);
  }

  private Peer peer() {
    return switch (random.nextInt(4)) {
      case 0 -> new PodPeer(Optional.empty(), selector());
      case 1 -> new PodPeer(Optional.of(selector()), selector());
      case 2 -> new BlockPeer(block("10.0.0." + 8 * random.nextInt(4), 32));
      default -> new BlockPeer(block("fd00::" + Integer.toHexString(8 * random.nextInt(4)), 128));
    };
  }

  private AddressRanges block(String base, int bits) {
    int prefix = bits - 3 - random.nextInt(2);
    Cidr cidr = Cidr.containing(org.k3sjvm.base.net.IpAddresses.parse(base), prefix);
    AddressRanges hole = AddressRanges.of(new Cidr(cidr.at(2), bits - 1));
    return random.nextBoolean() ? AddressRanges.of(cidr) : AddressRanges.of(cidr).without(hole);
  }

  private Port port() {
    Protocol protocol = any(List.of(Protocol.values()));
    return switch (random.nextInt(3)) {
      case 0 -> new PortByName(protocol, any(List.of("web", "dns", "none")));
      case 1 -> new NumberedPorts(protocol, 0, 65535);
      default -> {
        int from = 20 * random.nextInt(5) + 1;
        yield new NumberedPorts(protocol, from, from + 20 * random.nextInt(3));
      }
    };
  }

  private Selector selector() {
    List<Requirement> all = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      Operator operator = any(List.of(Operator.values()));
      boolean values = operator == Operator.IN || operator == Operator.NOT_IN;
      all.add(
          new Requirement(
              any(List.of("app", "tier")),
              operator,
              values ? List.of(any(List.of("x", "y")), any(List.of("y", "z"))) : List.of()));
    }
    return new Selector(all);
  }

  private Map<String, String> labels() {
    Map<String, String> labels = new HashMap<>();
    for (String key : List.of("app", "tier")) {
      if (random.nextBoolean()) {
        labels.put(key, any(List.of("x", "y", "z")));
      }
    }
    return labels;
  }

  <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
