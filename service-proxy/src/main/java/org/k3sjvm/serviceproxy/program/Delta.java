package org.k3sjvm.serviceproxy.program;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;

/**
 * From the elements that are there to those that are wanted, as transactions. Each transaction by
 * itself leaves every service answering: what is pointed at comes before what points at it.
 */
public final class Delta {
  /** Elements of one transaction; more would hold up other users of nftables. */
  static final int MOST_IN_ONE = 4_000;

  private final Family family;
  private final Map<ServiceSet, Map<Packed, Element>> delete = new EnumMap<>(ServiceSet.class);
  private final Map<ServiceSet, Map<Packed, Element>> add = new EnumMap<>(ServiceSet.class);

  /** Keys that are as wanted: the ports of a service want some elements together. */
  private final Map<ServiceSet, Set<Packed>> kept = new EnumMap<>(ServiceSet.class);

  private int size;

  public Delta(Family family) {
    this.family = family;
    for (ServiceSet set : ServiceSet.values()) {
      delete.put(set, new LinkedHashMap<>());
      add.put(set, new LinkedHashMap<>());
      kept.put(set, new HashSet<>());
    }
  }

  /** An element that is there. */
  public void present(ServiceSet set, Element element) {
    of(delete, set).put(element.first(), element);
  }

  /** An element that is wanted; of two with one key the first. Call after {@link #present}. */
  public void wanted(ServiceSet set, Element element) {
    Map<Packed, Element> present = of(delete, set);
    Set<Packed> asWanted = kept.computeIfAbsent(set, _ -> new HashSet<>());
    if (asWanted.contains(element.first())) {
      return;
    }
    if (element.equals(present.get(element.first()))) {
      present.remove(element.first());
      asWanted.add(element.first());
    } else {
      of(add, set).putIfAbsent(element.first(), element);
    }
  }

  /** How many elements differ. */
  public int size() {
    int count = 0;
    for (ServiceSet set : ServiceSet.values()) {
      count += of(delete, set).size() + of(add, set).size();
    }
    return count;
  }

  /** The transactions, one after the other. */
  public List<List<ElementChange>> transactions() {
    List<List<ElementChange>> all = new ArrayList<>();
    List<ElementChange> current = new ArrayList<>();
    size = 0;
    for (ServiceSet set : ServiceSet.values()) {
      List<Element> added = List.copyOf(of(add, set).values());
      for (int from = 0; from < added.size(); from += MOST_IN_ONE) {
        List<Element> some = added.subList(from, Math.min(added.size(), from + MOST_IN_ONE));
        List<Element> replaced = replaced(set, some);
        current = room(all, current, some.size() + replaced.size());
        change(current, new ElementChange.Delete(set.in(family), replaced));
        change(current, new ElementChange.Add(set.in(family), some));
      }
    }
    for (ServiceSet set : Arrays.asList(ServiceSet.values()).reversed()) {
      List<Element> surplus =
          of(delete, set).values().stream()
              .filter(element -> !of(add, set).containsKey(element.first()))
              .toList();
      for (int from = 0; from < surplus.size(); from += MOST_IN_ONE) {
        List<Element> some = surplus.subList(from, Math.min(surplus.size(), from + MOST_IN_ONE));
        current = room(all, current, some.size());
        change(current, new ElementChange.Delete(set.in(family), some));
      }
    }
    if (!current.isEmpty()) {
      all.add(current);
    }
    return all;
  }

  private List<Element> replaced(ServiceSet set, Collection<Element> added) {
    List<Element> replaced = new ArrayList<>();
    for (Element element : added) {
      Element before = of(delete, set).get(element.first());
      if (before != null) {
        replaced.add(before);
      }
    }
    return replaced;
  }

  private List<ElementChange> room(
      List<List<ElementChange>> all, List<ElementChange> current, int more) {
    if (size > 0 && size + more > MOST_IN_ONE) {
      all.add(current);
      size = more;
      return new ArrayList<>();
    }
    size += more;
    return current;
  }

  private static void change(List<ElementChange> into, ElementChange change) {
    if (!change.elements().isEmpty()) {
      into.add(change);
    }
  }

  private static Map<Packed, Element> of(
      Map<ServiceSet, Map<Packed, Element>> sets, ServiceSet set) {
    return sets.computeIfAbsent(set, _ -> new LinkedHashMap<>());
  }
}
