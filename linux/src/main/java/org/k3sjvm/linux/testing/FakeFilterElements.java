package org.k3sjvm.linux.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.FilterChange;
import org.k3sjvm.linux.filter.FilterElements;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.filter.TableName;
import org.k3sjvm.linux.filter.TableState;

/** Sets in memory; of chains it knows only names, and it does not see that intervals overlap. */
public final class FakeFilterElements implements FilterElements {
  private record Chain(TableName table, String name) {}

  private final Object lock = new Object();

  @GuardedBy("lock")
  private Map<SetName, Map<Packed, Element>> sets = new HashMap<>();

  /** With how many rules each has. */
  @GuardedBy("lock")
  private Map<Chain, Integer> chains = new HashMap<>();

  @GuardedBy("lock")
  private final Map<TableName, TableState> states = new HashMap<>();

  @GuardedBy("lock")
  private int generation = 1;

  @GuardedBy("lock")
  private @Nullable LinuxException failure;

  public FakeFilterElements(SetName... empty) {
    synchronized (lock) {
      for (SetName set : empty) {
        sets.put(set, new LinkedHashMap<>());
      }
    }
  }

  /** Says what the chains of a table are, as if somebody had made them. */
  public void putState(TableName table, TableState state) {
    synchronized (lock) {
      states.put(table, state);
      generation++;
    }
  }

  /** Makes the next transaction fail. */
  public void failNext(LinuxException e) {
    synchronized (lock) {
      failure = e;
    }
  }

  @Override
  public void commit(List<? extends FilterChange> changes) {
    synchronized (lock) {
      LinuxException fails = failure;
      failure = null;
      if (fails != null) {
        throw fails;
      }
      Map<SetName, Map<Packed, Element>> next = new HashMap<>(sets);
      Map<Chain, Integer> nextChains = new HashMap<>(chains);
      for (FilterChange change : changes) {
        switch (change) {
          case ElementChange some -> next.put(some.set(), changed(present(some.set(), next), some));
          case FilterChange.AddSet(SetName set, var _) ->
              absent("add set " + set, next.putIfAbsent(set, Map.of()));
          case FilterChange.RemoveSet(SetName set) ->
              require("remove set " + set, next.remove(set) != null);
          case FilterChange.AddChain(TableName table, String chain, var rules) ->
              absent(
                  "add chain " + table + " " + chain,
                  nextChains.putIfAbsent(new Chain(table, chain), rules.size()));
          case FilterChange.RemoveChains(TableName table, var some) ->
              some.forEach(
                  chain ->
                      require(
                          "remove chain " + table + " " + chain,
                          nextChains.remove(new Chain(table, chain)) != null));
        }
      }
      sets = next;
      chains = nextChains;
      generation++;
    }
  }

  @Override
  public List<Element> list(SetName set) {
    synchronized (lock) {
      return List.copyOf(present(set, sets).values());
    }
  }

  @Override
  public Set<String> sets(TableName table) {
    synchronized (lock) {
      return sets.keySet().stream()
          .filter(set -> set.table().equals(table))
          .map(SetName::set)
          .collect(Collectors.toSet());
    }
  }

  @Override
  public Optional<TableState> state(TableName table) {
    synchronized (lock) {
      return Optional.ofNullable(states.get(table)).map(state -> withChains(table, state));
    }
  }

  @Override
  public int generation() {
    synchronized (lock) {
      return generation;
    }
  }

  @Override
  public void close() {}

  @GuardedBy("lock")
  private TableState withChains(TableName table, TableState state) {
    Map<String, Integer> rules = new HashMap<>(state.rules());
    chains.forEach(
        (chain, size) -> {
          if (chain.table().equals(table)) {
            rules.put(chain.name(), size);
          }
        });
    return new TableState(rules, state.fingerprint() + chains.hashCode());
  }

  private static void absent(String attempt, @Nullable Object before) {
    if (before != null) {
      throw LinuxException.of(attempt, Errno.EEXIST);
    }
  }

  private static void require(String attempt, boolean found) {
    if (!found) {
      throw LinuxException.of(attempt, Errno.ENOENT);
    }
  }

  private static Map<Packed, Element> changed(Map<Packed, Element> set, ElementChange change) {
    String attempt =
        switch (change) {
          case ElementChange.Add _ -> "add to " + change.set();
          case ElementChange.Delete _ -> "delete from " + change.set();
        };
    Map<Packed, Element> next = new LinkedHashMap<>(set);
    for (Element element : change.elements()) {
      switch (change) {
        case ElementChange.Add _ -> {
          Element before = next.putIfAbsent(element.first(), element);
          if (before != null && !before.equals(element)) {
            throw LinuxException.of(attempt, Errno.EEXIST);
          }
        }
        case ElementChange.Delete _ -> {
          if (next.remove(element.first()) == null) {
            throw LinuxException.of(attempt, Errno.ENOENT);
          }
        }
      }
    }
    return next;
  }

  private static Map<Packed, Element> present(
      SetName set, Map<SetName, Map<Packed, Element>> among) {
    Map<Packed, Element> elements = among.get(set);
    if (elements == null) {
      throw LinuxException.of("use " + set, Errno.ENOENT);
    }
    return elements;
  }
}
