package org.k3sjvm.flannel.plan;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.ForwardingEntry;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.Neighbour;
import org.k3sjvm.linux.net.Route;

/**
 * What turns the entries that are there into those that are wanted. An entry whose key stays is
 * replaced in place, so that packets flow meanwhile.
 */
public record Changes(Entries set, Entries remove) {

  public static Changes between(Entries found, Entries wanted) {
    return new Changes(
        new Entries(
            missing(wanted.neighbours(), found.neighbours()),
            missing(wanted.forwarding(), found.forwarding()),
            missing(wanted.routes(), found.routes())),
        new Entries(
            stale(found.neighbours(), wanted.neighbours(), Neighbour::address),
            stale(found.forwarding(), wanted.forwarding(), ForwardingEntry::mac),
            stale(found.routes(), wanted.routes(), Route::destination)));
  }

  /** For one who does not know every peer that there is. */
  public Changes withoutRemovals() {
    return new Changes(set, Entries.NONE);
  }

  public boolean isEmpty() {
    return size() == 0;
  }

  public int size() {
    return size(set) + size(remove);
  }

  /**
   * Carries them out: the route of a peer comes last, or the kernel would ask the network for its
   * next hop. Goes on after a failure.
   *
   * @return the failures, to be tried again
   */
  public List<LinuxException> apply(HostNetwork network) {
    List<LinuxException> failures = new ArrayList<>();
    set.neighbours().forEach(n -> attempt(failures, () -> network.replaceNeighbour(n)));
    set.forwarding().forEach(f -> attempt(failures, () -> network.replaceForwarding(f)));
    set.routes().forEach(r -> attempt(failures, () -> network.replaceRoute(r)));
    remove.routes().forEach(r -> attempt(failures, () -> network.removeRoute(r)));
    remove.forwarding().forEach(f -> attempt(failures, () -> network.removeForwarding(f)));
    remove.neighbours().forEach(n -> attempt(failures, () -> network.removeNeighbour(n)));
    return failures;
  }

  private static void attempt(List<LinuxException> failures, Runnable change) {
    try {
      change.run();
    } catch (LinuxException e) {
      failures.add(e);
    }
  }

  private static <T> List<T> missing(List<T> wanted, List<T> found) {
    Set<T> there = new HashSet<>(found);
    return wanted.stream().filter(entry -> !there.contains(entry)).toList();
  }

  private static <T, K> List<T> stale(List<T> found, List<T> wanted, Function<T, K> key) {
    Set<K> kept = new HashSet<>();
    wanted.forEach(entry -> kept.add(key.apply(entry)));
    return found.stream().filter(entry -> !kept.contains(key.apply(entry))).toList();
  }

  private static int size(Entries entries) {
    return entries.neighbours().size() + entries.forwarding().size() + entries.routes().size();
  }
}
