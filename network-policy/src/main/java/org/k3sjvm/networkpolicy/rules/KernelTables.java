package org.k3sjvm.networkpolicy.rules;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.FilterChange;
import org.k3sjvm.linux.filter.FilterElements;
import org.k3sjvm.linux.filter.PacketFilter;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.filter.TableName;
import org.k3sjvm.linux.filter.TableState;
import org.k3sjvm.networkpolicy.compile.Changes;
import org.k3sjvm.networkpolicy.compile.Family;
import org.k3sjvm.networkpolicy.model.Direction;

/**
 * Our tables in the kernel. Packets meet the old rules or the new ones, never something between:
 * each change is one transaction. One thread changes them at a time; any may ask what is there.
 */
public final class KernelTables {
  static final String NAME = "k3s-netpol";

  private final PacketFilter filter;
  private final FilterElements elements;
  private final List<Cidr> serviceCidrs;
  private final String nodePorts;
  private final Map<Family, TableState> states = new EnumMap<>(Family.class);
  private int generation;

  public KernelTables(
      PacketFilter filter, FilterElements elements, List<Cidr> serviceCidrs, String nodePorts) {
    this.filter = filter;
    this.elements = elements;
    this.serviceCidrs = List.copyOf(serviceCidrs);
    this.nodePorts = nodePorts;
  }

  /** Whether there is a table of ours, of whatever agent. */
  public boolean present() {
    for (Family family : Family.values()) {
      if (elements.state(name(family)).isPresent()) {
        return true;
      }
    }
    return false;
  }

  /** Addresses that tables restrict, of whatever agent, by direction. */
  public Map<Direction, Set<String>> isolated() {
    Map<Direction, Set<String>> all = new EnumMap<>(Direction.class);
    for (Direction direction : Direction.values()) {
      Set<String> addresses = new HashSet<>();
      for (Family family : Family.values()) {
        SetName map = new SetName(name(family), Changes.mapOf(direction));
        if (elements.sets(name(family)).contains(map.set())) {
          elements
              .list(map)
              .forEach(element -> addresses.add(IpAddresses.text(element.first().bytes())));
        }
      }
      all.put(direction, addresses);
    }
    return all;
  }

  /** Puts whole tables in the place of those that are there. */
  public void replace(Map<Family, Changes> whole) throws InterruptedException {
    StringBuilder script = new StringBuilder();
    whole.forEach(
        (family, changes) -> {
          script.append("add table ").append(name(family)).append('\n');
          script.append("delete table ").append(name(family)).append('\n');
          script.append("add table ").append(name(family)).append('\n');
          script.append(Skeleton.end(family));
          script.append(changes.script(name(family).toString()));
          script.append(Skeleton.script(family, serviceCidrs, nodePorts));
        });
    filter.apply(script.toString());
    states.clear();
  }

  /** Brings changes to the tables that {@link #replace} made. */
  public void change(Map<Family, Changes> changes) {
    List<FilterChange> steps = new ArrayList<>();
    changes.forEach((family, c) -> addSteps(steps, name(family), c));
    elements.commit(steps);
    if (!steps.stream().allMatch(ElementChange.class::isInstance)) {
      states.clear();
    }
  }

  /** Takes our tables away; nothing is restricted then. */
  public void remove() throws InterruptedException {
    for (Family family : Family.values()) {
      if (elements.state(name(family)).isPresent()) {
        filter.delete(name(family));
      }
    }
    states.clear();
  }

  /**
   * Whether the tables are as we left them.
   *
   * @param whole as they should be
   */
  public boolean intact(Map<Family, Changes> whole) {
    int now = elements.generation();
    if (now == generation) {
      return true;
    }
    for (Map.Entry<Family, Changes> entry : whole.entrySet()) {
      TableName table = name(entry.getKey());
      Optional<TableState> state = elements.state(table);
      if (state.isEmpty() || !asMade(entry.getKey(), entry.getValue(), state.get())) {
        return false;
      }
      try {
        if (!sameElements(table, entry.getValue())) {
          return false;
        }
      } catch (LinuxException.NotFound e) {
        return false;
      }
    }
    generation = now;
    return true;
  }

  private boolean sameElements(TableName table, Changes whole) {
    Map<String, Set<Element>> wanted = new LinkedHashMap<>();
    whole.addedSets().keySet().forEach(set -> wanted.put(set, new HashSet<>()));
    for (Changes.Element element : whole.added()) {
      wanted.computeIfAbsent(element.set(), _ -> new HashSet<>()).add(Elements.of(element));
    }
    for (Map.Entry<String, Set<Element>> set : wanted.entrySet()) {
      List<Element> there = elements.list(new SetName(table, set.getKey()));
      if (there.size() != set.getValue().size() || !set.getValue().containsAll(there)) {
        return false;
      }
    }
    return true;
  }

  /** By the number of rules of each chain at first, then by every chain and rule. */
  private boolean asMade(Family family, Changes whole, TableState state) {
    TableState before = states.putIfAbsent(family, state);
    if (before != null) {
      return before.equals(state);
    }
    Map<String, Integer> rules = Skeleton.sizes(family, serviceCidrs, nodePorts);
    whole.addedChains().forEach((chain, its) -> rules.put(chain, its.size()));
    return rules.equals(state.rules());
  }

  /** In an order in which nothing is used before it is there, or after it has gone. */
  private static void addSteps(List<FilterChange> steps, TableName table, Changes changes) {
    changes
        .addedSets()
        .forEach((set, type) -> steps.add(new FilterChange.AddSet(new SetName(table, set), type)));
    changes
        .addedChains()
        .forEach((chain, rules) -> steps.add(new FilterChange.AddChain(table, chain, rules)));
    bySet(table, changes.removed())
        .forEach((set, some) -> steps.add(new ElementChange.Delete(set, some)));
    bySet(table, changes.added())
        .forEach((set, some) -> steps.add(new ElementChange.Add(set, some)));
    if (!changes.removedChains().isEmpty()) {
      steps.add(new FilterChange.RemoveChains(table, changes.removedChains()));
    }
    changes
        .removedSets()
        .forEach(set -> steps.add(new FilterChange.RemoveSet(new SetName(table, set))));
  }

  private static Map<SetName, List<Element>> bySet(
      TableName table, List<Changes.Element> elements) {
    Map<SetName, List<Element>> sets = new LinkedHashMap<>();
    for (Changes.Element element : elements) {
      sets.computeIfAbsent(new SetName(table, element.set()), _ -> new ArrayList<>())
          .add(Elements.of(element));
    }
    return sets;
  }

  private static TableName name(Family family) {
    return new TableName(family.nft(), NAME);
  }
}
