package org.k3sjvm.serviceproxy.program;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;

/**
 * What is wanted for all services, in one family; it says what a change of some of them changes.
 * One thread only.
 */
public final class Programs {
  private final Family family;
  private final Map<ObjectName, List<PortProgram>> programs = new HashMap<>();
  private final Claims claims = new Claims();

  /** Pods of this node by how many service ports chose them. */
  private final Map<Element, Integer> hairpins = new HashMap<>();

  public Programs(Family family) {
    this.family = family;
  }

  /** A service before and after; lists are empty when it was or is not there. */
  public record Change(ObjectName name, List<PortProgram> before, List<PortProgram> after) {}

  /** What a service has, for keeping endpoints in their slots; empty when there is none. */
  public List<PortProgram> of(ObjectName name) {
    return programs.getOrDefault(name, List.of());
  }

  public boolean isEmpty() {
    return programs.isEmpty();
  }

  /** The names and programs of all. */
  public void forEach(BiConsumer<ObjectName, List<PortProgram>> each) {
    programs.forEach(each);
  }

  /** Takes new programs of some services; what that changes in the packet filter. */
  public Delta change(Collection<Change> changes) {
    Delta delta = new Delta(family);
    Map<ObjectName, Change> byName = new TreeMap<>();
    changes.forEach(change -> byName.put(change.name(), change));
    Set<ObjectName> affected = new TreeSet<>(byName.keySet());
    for (Change change : changes) {
      affected.addAll(claims.others(change.name(), keys(change.before())));
      affected.addAll(claims.others(change.name(), keys(change.after())));
    }
    Map<Element, Integer> pods = new LinkedHashMap<>();
    for (ObjectName name : affected) {
      write(name, delta::present, element -> pods.merge(element, -1, Integer::sum));
    }
    for (Change change : changes) {
      claims.remove(change.name(), keys(change.before()));
      if (change.after().isEmpty()) {
        programs.remove(change.name());
      } else {
        programs.put(change.name(), change.after());
        claims.add(change.name(), keys(change.after()));
      }
    }
    for (ObjectName name : affected) {
      write(name, delta::wanted, element -> pods.merge(element, 1, Integer::sum));
    }
    pods.forEach((element, more) -> count(delta, element, more));
    return delta;
  }

  /** All elements that are wanted. */
  public void elements(BiConsumer<ServiceSet, Element> each) {
    for (Map.Entry<ObjectName, List<PortProgram>> entry : new TreeMap<>(programs).entrySet()) {
      write(entry.getKey(), each, _ -> {});
    }
    hairpins.keySet().forEach(element -> each.accept(ServiceSet.HAIRPIN, element));
  }

  private void write(
      ObjectName name, BiConsumer<ServiceSet, Element> sink, Consumer<Element> hairpin) {
    for (PortProgram program : of(name)) {
      PortElements.write(
          program,
          key -> claims.has(name, key),
          (set, element) -> {
            if (set == ServiceSet.HAIRPIN) {
              hairpin.accept(element);
            } else {
              sink.accept(set, element);
            }
          });
    }
  }

  private void count(Delta delta, Element element, int more) {
    int before = hairpins.getOrDefault(element, 0);
    int after = before + more;
    if (after > 0) {
      hairpins.put(element, after);
    } else {
      hairpins.remove(element);
    }
    if (before > 0) {
      delta.present(ServiceSet.HAIRPIN, element);
    }
    if (after > 0) {
      delta.wanted(ServiceSet.HAIRPIN, element);
    }
  }

  private static List<Packed> keys(List<PortProgram> programs) {
    List<Packed> keys = new ArrayList<>();
    programs.forEach(program -> keys.addAll(PortElements.keys(program)));
    return keys;
  }
}
