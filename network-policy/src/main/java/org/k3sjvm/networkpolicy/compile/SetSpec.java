package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.linux.filter.SetType;
import org.k3sjvm.linux.filter.SetType.Part;
import org.k3sjvm.networkpolicy.model.NamedPort;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Protocol;
import org.k3sjvm.networkpolicy.model.Selector;

/** What a set of addresses means. Policies that mean the same share the set. */
sealed interface SetSpec {

  /** The set's name, of what it means. */
  String name();

  /** Its elements' type. */
  SetType type(Family family);

  /**
   * The elements that an address of a pod gives.
   *
   * @param namespace labels of the pod's namespace; null while unknown
   */
  List<String> elements(PodFacts pod, String address, @Nullable Map<String, String> namespace);

  /** The one namespace whose pods may be in it; empty for all. */
  Optional<String> scope();

  /**
   * The pods that a peer means.
   *
   * @param scope the policy's namespace, where the peer selects none
   */
  record Pods(Optional<String> scope, Optional<Selector> namespaces, Selector pods, String name)
      implements SetSpec {
    static Pods of(String namespace, Optional<Selector> namespaces, Selector pods) {
      Optional<String> scope = namespaces.isPresent() ? Optional.empty() : Optional.of(namespace);
      return new Pods(
          scope, namespaces, pods, Names.of("peers", scope + "|" + namespaces + "|" + pods));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof SetSpec that && name.equals(that.name());
    }

    @Override
    public int hashCode() {
      return name.hashCode();
    }

    @Override
    public SetType type(Family family) {
      return SetType.of(family.address());
    }

    @Override
    public List<String> elements(
        PodFacts pod, String address, @Nullable Map<String, String> namespace) {
      boolean here =
          scope.isPresent()
              ? scope.get().equals(pod.name().namespace())
              : namespace != null && namespaces.orElseThrow().matches(namespace);
      return here && pods.matches(pod.labels()) ? List.of(address) : List.of();
    }
  }

  /** Every pod's port of that name: chains restrict which pods they look at. */
  record Ports(Protocol protocol, String port, String name) implements SetSpec {
    static Ports of(Protocol protocol, String port) {
      return new Ports(protocol, port, Names.of("ports", protocol + "|" + port));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof SetSpec that && name.equals(that.name());
    }

    @Override
    public int hashCode() {
      return name.hashCode();
    }

    @Override
    public SetType type(Family family) {
      return SetType.of(family.address(), Part.PROTOCOL, Part.PORT);
    }

    @Override
    public List<String> elements(
        PodFacts pod, String address, @Nullable Map<String, String> namespace) {
      List<String> all = new ArrayList<>();
      for (NamedPort named : pod.ports()) {
        if (named.protocol() == protocol && named.name().equals(port)) {
          String element = address + " . " + protocol + " . " + named.number();
          if (!all.contains(element)) {
            all.add(element);
          }
        }
      }
      return all;
    }

    @Override
    public Optional<String> scope() {
      return Optional.empty();
    }
  }
}
