package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Rule;
import org.k3sjvm.linux.filter.SetType;
import org.k3sjvm.linux.filter.SetType.Part;
import org.k3sjvm.networkpolicy.model.Direction;

/**
 * The table of one family: which chain judges which address, and what these chains use. Chains and
 * sets are there as long as somebody uses them.
 */
final class FamilyTable {
  static final String EGRESS = Changes.mapOf(Direction.EGRESS);
  static final String INGRESS = Changes.mapOf(Direction.INGRESS);
  static final String SELF = "self";

  private final boolean ipv6;
  private final TableState state = new TableState();

  /** Who uses a chain of policies, and how many addresses do. */
  private static final class Group {
    final String name;
    final List<PolicyChain> policies;
    int users;

    Group(String name, List<PolicyChain> policies) {
      this.name = name;
      this.policies = policies;
    }
  }

  private final Map<List<PolicyChain>, Group> ingressGroups = new HashMap<>();
  private final Map<List<PolicyChain>, Group> egressGroups = new HashMap<>();
  private final Map<String, Map<Direction, Group>> byAddress = new HashMap<>();

  /** Where an address has elements that are not just itself. */
  private record Place(SetSpec set, String address) {}

  private final Map<Place, List<String>> several = new HashMap<>();
  private final Map<String, Integer> chainUsers = new HashMap<>();
  private final Map<SetSpec, Integer> setUsers = new LinkedHashMap<>();

  /** Fills a set that is new, and is asked when one is. */
  interface Filler {
    void fill(SetSpec set);
  }

  FamilyTable(boolean ipv6) {
    this.ipv6 = ipv6;
    Part address = Family.of(ipv6).address();
    state.addSet(EGRESS, SetType.verdictsOf(address));
    state.addSet(INGRESS, SetType.verdictsOf(address));
    state.addSet(SELF, SetType.of(address, address));
    state.forget();
  }

  boolean ipv6() {
    return ipv6;
  }

  TableState state() {
    return state;
  }

  /** The sets that somebody uses. */
  Set<SetSpec> liveSets() {
    return setUsers.keySet();
  }

  /** Says which policies judge an address; a direction that is missing is not restricted. */
  void isolate(String address, Map<Direction, List<PolicyChain>> by, Filler filler) {
    Map<Direction, Group> before = byAddress.getOrDefault(address, Map.of());
    Map<Direction, Group> now = new EnumMap<>(Direction.class);
    for (Direction direction : Direction.values()) {
      List<PolicyChain> policies = by.get(direction);
      Group old = before.get(direction);
      if (policies == null) {
        state.remove(Changes.mapOf(direction), address);
      } else if (old != null && old.policies.equals(policies)) {
        now.put(direction, old);
      } else {
        Group group = acquire(direction, policies, filler);
        now.put(direction, group);
        state.put(Changes.mapOf(direction), address, "goto " + group.name);
      }
    }
    before.forEach(
        (direction, group) -> {
          if (now.get(direction) != group) {
            release(direction, group);
          }
        });
    if (now.isEmpty()) {
      byAddress.remove(address);
      state.remove(SELF, address + " . " + address);
    } else {
      byAddress.put(address, now);
      state.add(SELF, address + " . " + address);
    }
  }

  /** Makes these, and no others, the elements that an address has in a set. */
  void place(SetSpec set, String address, List<String> wanted) {
    List<String> before =
        set instanceof SetSpec.Pods
            ? state.has(set.name(), address) ? List.of(address) : List.of()
            : several.getOrDefault(new Place(set, address), List.of());
    if (before.equals(wanted)) {
      return;
    }
    before.stream().filter(e -> !wanted.contains(e)).forEach(e -> state.remove(set.name(), e));
    wanted.forEach(e -> state.add(set.name(), e));
    if (set instanceof SetSpec.Ports) {
      if (wanted.isEmpty()) {
        several.remove(new Place(set, address));
      } else {
        several.put(new Place(set, address), List.copyOf(wanted));
      }
    }
  }

  private Group acquire(Direction direction, List<PolicyChain> policies, Filler filler) {
    Map<List<PolicyChain>, Group> groups = groups(direction);
    Group group = groups.get(policies);
    if (group == null) {
      List<String> names = policies.stream().map(PolicyChain::name).toList();
      String prefix = direction == Direction.INGRESS ? "in" : "out";
      group = new Group(Names.of(prefix, names.toString()), policies);
      groups.put(policies, group);
      for (PolicyChain policy : policies) {
        use(policy, filler);
      }
      List<Rule> rules = new ArrayList<>();
      rules.add(Rule.of(List.of(new Rule.Invalid()), Element.drop()));
      policies.forEach(p -> rules.add(p.jump()));
      rules.add(Rule.of(List.of(), Element.goTo(Changes.DENY)));
      state.addChain(group.name, rules);
    }
    group.users++;
    return group;
  }

  private void release(Direction direction, Group group) {
    if (--group.users > 0) {
      return;
    }
    groups(direction).remove(group.policies);
    state.removeChain(group.name);
    group.policies.forEach(this::unuse);
  }

  private void use(PolicyChain policy, Filler filler) {
    if (chainUsers.merge(policy.name(), 1, Integer::sum) > 1) {
      return;
    }
    for (SetSpec set : policy.uses()) {
      if (setUsers.merge(set, 1, Integer::sum) == 1) {
        state.addSet(set.name(), set.type(Family.of(ipv6)));
        filler.fill(set);
      }
    }
    state.addChain(policy.name(), policy.rules());
  }

  private void unuse(PolicyChain policy) {
    if (chainUsers.merge(policy.name(), -1, Integer::sum) > 0) {
      return;
    }
    chainUsers.remove(policy.name());
    state.removeChain(policy.name());
    for (SetSpec set : policy.uses()) {
      if (setUsers.merge(set, -1, Integer::sum) == 0) {
        setUsers.remove(set);
        several.keySet().removeIf(place -> place.set().equals(set));
        state.removeSet(set.name());
      }
    }
  }

  private Map<List<PolicyChain>, Group> groups(Direction direction) {
    return direction == Direction.INGRESS ? ingressGroups : egressGroups;
  }
}
