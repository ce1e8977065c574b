package org.k3sjvm.serviceproxy.program;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.linux.filter.Packed;

/**
 * Who has an address and port that several services want: the first by namespace and name, so that
 * all nodes agree.
 */
final class Claims {
  private final Map<Packed, ObjectName> single = new HashMap<>();

  /** Only keys that more than one want; they are not in {@link #single}. */
  private final Map<Packed, TreeSet<ObjectName>> contested = new HashMap<>();

  /** Whether a service has it. */
  boolean has(ObjectName name, Packed key) {
    TreeSet<ObjectName> all = contested.get(key);
    return all != null ? all.first().equals(name) : name.equals(single.get(key));
  }

  /** Others who want any of these. */
  Set<ObjectName> others(ObjectName name, List<Packed> keys) {
    Set<ObjectName> others = new HashSet<>();
    for (Packed key : keys) {
      TreeSet<ObjectName> all = contested.get(key);
      ObjectName one = single.get(key);
      if (all != null) {
        others.addAll(all);
      } else if (one != null) {
        others.add(one);
      }
    }
    others.remove(name);
    return others;
  }

  void add(ObjectName name, List<Packed> keys) {
    for (Packed key : keys) {
      TreeSet<ObjectName> all = contested.get(key);
      if (all != null) {
        all.add(name);
        continue;
      }
      ObjectName before = single.putIfAbsent(key, name);
      if (before != null && !before.equals(name)) {
        TreeSet<ObjectName> both = new TreeSet<>();
        both.add(before);
        both.add(name);
        contested.put(key, both);
        single.remove(key);
      }
    }
  }

  void remove(ObjectName name, List<Packed> keys) {
    for (Packed key : keys) {
      TreeSet<ObjectName> all = contested.get(key);
      if (all != null) {
        all.remove(name);
        if (all.size() == 1) {
          single.put(key, all.first());
          contested.remove(key);
        }
      } else {
        single.remove(key, name);
      }
    }
  }
}
