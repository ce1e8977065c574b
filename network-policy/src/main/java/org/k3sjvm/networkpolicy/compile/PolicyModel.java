package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.k3sjvm.networkpolicy.model.Direction;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Policy;

/**
 * All that is known of pods, namespaces and policies, and the tables that follow from it, kept up
 * to date with each change. One thread at a time; no method blocks.
 *
 * <p>The pivot is the address: it belongs to one pod at most, and {@link #settle} brings an
 * address's place in all sets and maps to what its owner asks for, whatever it was before.
 */
public final class PolicyModel {
  /** What lives in one namespace. */
  private static final class Space {
    @Nullable Map<String, String> labels;
    final Map<ObjectName, PodEntry> pods = new HashMap<>();
    final TreeMap<String, PolicyEntry> policies = new TreeMap<>();

    boolean empty() {
      return labels == null && pods.isEmpty() && policies.isEmpty();
    }
  }

  /** Who says that an address is its own, and whose it was when it was last settled. */
  private static final class Claims {
    final List<PodEntry> pods = new ArrayList<>(1);
    String settledIn = "";

    @Nullable PodEntry owner() {
      PodEntry best = null;
      for (PodEntry pod : pods) {
        if (best == null || pod.outranks(best)) {
          best = pod;
        }
      }
      return best;
    }
  }

  private final String node;
  private final List<FamilyTable> tables = new ArrayList<>();
  private final Map<String, Space> spaces = new HashMap<>();
  private final Map<String, Claims> claims = new HashMap<>();
  private int policies;
  private long turns;

  /**
   * A model that knows nothing yet.
   *
   * @param node whose pods are restricted
   */
  public PolicyModel(String node, boolean ipv4, boolean ipv6) {
    this.node = node;
    if (ipv4) {
      tables.add(new FamilyTable(false));
    }
    if (ipv6) {
      tables.add(new FamilyTable(true));
    }
  }

  /** Whether the cluster has a policy. */
  public boolean anyPolicy() {
    return policies > 0;
  }

  /** Whether a policy selects a pod; it need not be known. */
  public boolean selects(PodFacts pod) {
    Space space = spaces.get(pod.name().namespace());
    return space != null
        && space.policies.values().stream().anyMatch(p -> p.policy.pods().matches(pod.labels()));
  }

  public void policy(Policy policy) {
    Space space = space(policy.name().namespace());
    PolicyEntry before = space.policies.get(policy.name().name());
    if (before != null && before.policy.equals(policy)) {
      return;
    }
    PolicyEntry now = new PolicyEntry(policy);
    space.policies.put(policy.name().name(), now);
    policies += before == null ? 1 : 0;
    reselect(space, before, now);
  }

  public void removePolicy(ObjectName name) {
    Space space = space(name.namespace());
    PolicyEntry before = space.policies.remove(name.name());
    if (before != null) {
      policies--;
      reselect(space, before, null);
    }
    drop(name.namespace(), space);
  }

  /** A namespace's labels. */
  public void namespace(String name, Map<String, String> labels) {
    Space space = space(name);
    if (!labels.equals(space.labels)) {
      space.labels = Map.copyOf(labels);
      rejoin(name, space);
    }
  }

  public void removeNamespace(String name) {
    Space space = space(name);
    space.labels = null;
    rejoin(name, space);
    drop(name, space);
  }

  /** A pod as the API shows it. */
  public void pod(PodFacts facts) {
    PodEntry pod = entry(facts.name());
    pod.shown = facts;
    refresh(facts.name(), pod);
  }

  /** The API shows it no more. */
  public void removePod(ObjectName name, String uid) {
    PodEntry pod = entry(name);
    pod.shown = null;
    if (pod.own != null && pod.own.uid().equals(uid)) {
      pod.own = null;
      pod.turn = 0;
    }
    refresh(name, pod);
  }

  /** A pod that this node gave addresses: nobody else has them now. */
  public void ownPod(PodFacts facts) {
    PodEntry pod = entry(facts.name());
    pod.own = facts;
    pod.turn = ++turns;
    refresh(facts.name(), pod);
  }

  /** This node has taken its addresses back. */
  public void removeOwnPod(ObjectName name, String uid) {
    PodEntry pod = entry(name);
    if (pod.own != null && pod.own.uid().equals(uid)) {
      pod.own = null;
      pod.turn = 0;
    }
    refresh(name, pod);
  }

  /** Forgets what the API showed of pods and namespaces. */
  public void forgetShown() {
    for (String name : List.copyOf(spaces.keySet())) {
      Space space = space(name);
      for (PodEntry pod : List.copyOf(space.pods.values())) {
        PodFacts shown = pod.shown;
        if (shown != null) {
          pod.shown = null;
          refresh(shown.name(), pod);
        }
      }
      removeNamespace(name);
    }
  }

  /** Takes facts in as if the API had shown them. */
  public void remember(ClusterFacts facts) {
    facts.namespaces().forEach(this::namespace);
    facts.policies().forEach(this::policy);
    facts.pods().forEach(this::pod);
  }

  /** All policies, and what this node's rules follow from besides. */
  public ClusterFacts facts() {
    List<Policy> all = new ArrayList<>();
    Map<String, Map<String, String>> namespaces = new HashMap<>();
    List<PodFacts> pods = new ArrayList<>();
    spaces.forEach(
        (name, space) -> {
          space.policies.values().forEach(entry -> all.add(entry.policy));
          Map<String, String> labels = space.labels;
          if (labels != null) {
            namespaces.put(name, labels);
          }
          for (PodEntry pod : space.pods.values()) {
            PodFacts facts = pod.facts;
            if (facts != null && (here(pod, facts) || isPeer(facts))) {
              pods.add(facts);
            }
          }
        });
    return new ClusterFacts(all, namespaces, pods);
  }

  /** Whether a set has one of its addresses. */
  private boolean isPeer(PodFacts facts) {
    Map<String, String> labels = space(facts.name().namespace()).labels;
    for (String address : facts.addresses()) {
      FamilyTable table = tableOf(address);
      if (table != null
          && table.liveSets().stream()
              .anyMatch(set -> !set.elements(facts, address, labels).isEmpty())) {
        return true;
      }
    }
    return false;
  }

  /** Addresses that rules hold, by direction. */
  public Map<Direction, Set<String>> isolated() {
    Map<Direction, Set<String>> all = new EnumMap<>(Direction.class);
    for (Direction direction : Direction.values()) {
      Set<String> addresses = new HashSet<>();
      tables.forEach(
          table -> addresses.addAll(table.state().members(Changes.mapOf(direction)).keySet()));
      all.put(direction, addresses);
    }
    return all;
  }

  /** Whether there is something to bring to the kernel. */
  public boolean touched() {
    return tables.stream().anyMatch(t -> t.state().touched());
  }

  /** What changed in each family since the last call. */
  public Map<Family, Changes> take() {
    Map<Family, Changes> all = new EnumMap<>(Family.class);
    tables.forEach(t -> all.put(Family.of(t.ipv6()), t.state().take()));
    return all;
  }

  /** All of it, for a table that is empty; what changed so far is in it. */
  public Map<Family, Changes> takeWhole() {
    Map<Family, Changes> all = new EnumMap<>(Family.class);
    for (FamilyTable table : tables) {
      all.put(Family.of(table.ipv6()), table.state().whole());
      table.state().forget();
    }
    return all;
  }

  /**
   * Members of sets and values of maps as they should be; nobody may change the model meanwhile.
   */
  Map<String, String> members(Family family, String set) {
    return table(family).map(t -> t.state().members(set)).orElse(Map.of());
  }

  Optional<FamilyTable> table(Family family) {
    return tables.stream().filter(t -> t.ipv6() == family.isIpv6()).findFirst();
  }

  private Space space(String namespace) {
    return spaces.computeIfAbsent(namespace, _ -> new Space());
  }

  private void drop(String namespace, Space space) {
    if (space.empty()) {
      spaces.remove(namespace);
    }
  }

  private PodEntry entry(ObjectName name) {
    return space(name.namespace()).pods.computeIfAbsent(name, _ -> new PodEntry());
  }

  /** After anything about a pod changed. */
  private void refresh(ObjectName name, PodEntry pod) {
    Space space = space(name.namespace());
    PodFacts before = pod.facts;
    PodFacts now = pod.believed();
    pod.facts = now;
    pod.selected = now != null && here(pod, now) ? selecting(space, now) : List.of();
    Set<String> addresses = new LinkedHashSet<>();
    if (before != null) {
      addresses.addAll(before.addresses());
    }
    for (String address : addresses) {
      if (now == null || !now.addresses().contains(address)) {
        unclaim(address, pod);
      }
    }
    if (now != null) {
      for (String address : now.addresses()) {
        Claims its = claims.computeIfAbsent(address, _ -> new Claims());
        if (!its.pods.contains(pod)) {
          its.pods.add(pod);
        }
      }
      addresses.addAll(now.addresses());
    }
    if (pod.gone()) {
      space.pods.remove(name);
      drop(name.namespace(), space);
    }
    addresses.forEach(this::settle);
  }

  private void unclaim(String address, PodEntry pod) {
    Claims its = claims.get(address);
    if (its != null) {
      its.pods.remove(pod);
    }
  }

  private boolean here(PodEntry pod, PodFacts facts) {
    return pod.own != null || facts.node().equals(node);
  }

  private static List<PolicyEntry> selecting(Space space, PodFacts pod) {
    List<PolicyEntry> all = new ArrayList<>();
    for (PolicyEntry policy : space.policies.values()) {
      if (policy.policy.pods().matches(pod.labels())) {
        all.add(policy);
      }
    }
    return all;
  }

  /** After one policy of a namespace changed: only pods that it selects or selected. */
  private void reselect(Space space, @Nullable PolicyEntry before, @Nullable PolicyEntry now) {
    for (PodEntry pod : space.pods.values()) {
      PodFacts facts = pod.facts;
      if (facts == null || !here(pod, facts)) {
        continue;
      }
      boolean was = before != null && before.policy.pods().matches(facts.labels());
      boolean is = now != null && now.policy.pods().matches(facts.labels());
      if (was || is) {
        pod.selected = selecting(space, facts);
        facts.addresses().forEach(address -> isolate(address, owner(address)));
      }
    }
  }

  /** After a namespace's labels changed: the sets that ask about namespaces. */
  private void rejoin(String namespace, Space space) {
    for (PodEntry pod : List.copyOf(space.pods.values())) {
      PodFacts facts = pod.facts;
      if (facts != null) {
        facts.addresses().forEach(address -> join(address, owner(address), Set.of(namespace)));
      }
    }
  }

  private @Nullable PodEntry owner(String address) {
    Claims its = claims.get(address);
    return its == null ? null : its.owner();
  }

  /** Brings an address to where its owner of now belongs. */
  private void settle(String address) {
    Claims its = claims.get(address);
    if (its == null) {
      return;
    }
    PodEntry owner = its.owner();
    Set<String> touchedSpaces = new HashSet<>();
    touchedSpaces.add(its.settledIn);
    its.settledIn = owner == null || owner.facts == null ? "" : owner.facts.name().namespace();
    touchedSpaces.add(its.settledIn);
    join(address, owner, touchedSpaces);
    isolate(address, owner);
    if (its.pods.isEmpty()) {
      claims.remove(address);
    }
  }

  /** Membership in the sets that can hold pods of these namespaces. */
  private void join(String address, @Nullable PodEntry owner, Collection<String> namespaces) {
    FamilyTable table = tableOf(address);
    if (table == null) {
      return;
    }
    for (SetSpec set : table.liveSets()) {
      if (set.scope().isEmpty() || namespaces.contains(set.scope().get())) {
        place(table, set, address, owner);
      }
    }
  }

  private void place(FamilyTable table, SetSpec set, String address, @Nullable PodEntry owner) {
    PodFacts facts = owner == null ? null : owner.facts;
    List<String> wanted =
        facts == null
            ? List.of()
            : set.elements(facts, address, space(facts.name().namespace()).labels);
    table.place(set, address, wanted);
  }

  private void isolate(String address, @Nullable PodEntry owner) {
    FamilyTable table = tableOf(address);
    if (table == null) {
      return;
    }
    Map<Direction, List<PolicyChain>> by = new EnumMap<>(Direction.class);
    if (owner != null) {
      for (PolicyEntry policy : owner.selected) {
        for (Direction direction : Direction.values()) {
          if (policy.policy.rules(direction).isPresent()) {
            by.computeIfAbsent(direction, _ -> new ArrayList<>())
                .add(policy.chain(direction, table.ipv6()));
          }
        }
      }
    }
    table.isolate(address, by, set -> fill(table, set));
  }

  /** A set that nobody used before: every address that belongs in it. */
  private void fill(FamilyTable table, SetSpec set) {
    Collection<Space> where =
        set.scope().isPresent() ? List.of(space(set.scope().get())) : spaces.values();
    for (Space space : List.copyOf(where)) {
      for (PodEntry pod : space.pods.values()) {
        PodFacts facts = pod.facts;
        if (facts == null) {
          continue;
        }
        for (String address : facts.addresses()) {
          if (tableOf(address) == table && owner(address) == pod) {
            place(table, set, address, pod);
          }
        }
      }
    }
  }

  private @Nullable FamilyTable tableOf(String address) {
    boolean ipv6 = address.indexOf(':') >= 0;
    for (FamilyTable table : tables) {
      if (table.ipv6() == ipv6) {
        return table;
      }
    }
    return null;
  }
}
