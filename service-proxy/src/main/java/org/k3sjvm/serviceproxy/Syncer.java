package org.k3sjvm.serviceproxy;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.choose.Topology;
import org.k3sjvm.serviceproxy.health.ProxyMetrics;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.program.PortProgram;
import org.k3sjvm.serviceproxy.program.ProgramOf;
import org.k3sjvm.serviceproxy.program.Programs;

/**
 * The body of the proxy, without its thread: one step takes the services that changed and makes the
 * kernel follow. One thread only.
 */
final class Syncer {
  private final ProxyHost host;
  private final ServiceTable table;
  private final ProxyMetrics metrics;
  private final InstantSource clock = InstantSource.system();
  private final Map<Family, FamilySync> families = new EnumMap<>(Family.class);
  private final Map<Family, ProgramOf> programs = new EnumMap<>(Family.class);
  private final Set<Family> connectionsChecked = new HashSet<>();

  /** What a failed step took and did not write down. */
  private final Map<Family, Map<ObjectName, Programs.Change>> owed = new EnumMap<>(Family.class);

  Syncer(ServiceProxyConfig config, ProxyHost host, ServiceTable table, ProxyMetrics metrics) {
    this.host = host;
    this.table = table;
    this.metrics = metrics;
    List<Packed> nodeIps = config.nodeIps().stream().map(Packed::ofAddress).toList();
    for (Family family : new TreeSet<>(config.families())) {
      families.put(family, new FamilySync(family, config.rules(), host));
      programs.put(family, new ProgramOf(family, nodeIps));
      owed.put(family, new HashMap<>());
    }
  }

  /** What a step did. */
  record Result(int services, boolean full) {}

  /**
   * One step.
   *
   * @param former whether services are merely remembered
   * @throws LinuxException when the kernel refused; the next step looks at everything
   */
  Result step(Collection<ObjectName> changed, boolean former) throws InterruptedException {
    boolean full = false;
    List<LinuxException> failures = new ArrayList<>();
    metrics.queued(changed.size(), clock.instant());
    for (FamilySync sync : families.values()) {
      Instant began = clock.instant();
      try {
        boolean all = step(sync, changed, former);
        Instant now = clock.instant();
        metrics.synced(sync.family().apiName(), all, Duration.between(began, now), now);
        full |= all;
      } catch (LinuxException e) {
        metrics.failed(sync.family().apiName());
        sync.distrust();
        failures.add(e);
      }
    }
    throwFirst(failures);
    return new Result(changed.size(), full);
  }

  /** Makes the next step look at everything when somebody touched our rules; whether so. */
  boolean look() {
    boolean touched = false;
    for (FamilySync sync : families.values()) {
      if (sync.looksTouched()) {
        sync.distrust();
        touched = true;
      }
    }
    return touched;
  }

  /** Makes the next step look at everything. */
  void distrust() {
    families.values().forEach(FamilySync::distrust);
  }

  private boolean step(FamilySync sync, Collection<ObjectName> changed, boolean former)
      throws InterruptedException {
    Family family = sync.family();
    Map<ObjectName, Programs.Change> pending = owed.get(family);
    if (pending == null) {
      throw new IllegalStateException("no family of ours: " + family);
    }
    List<Programs.Change> changes = changes(sync, changed);
    changes.forEach(change -> pending.merge(change.name(), change, Syncer::joined));
    boolean full = sync.change(changes, former);
    if (sync.left()) {
      return false;
    }
    int stale =
        StaleConnections.after(
                family, pending.values(), connectionsChecked.add(family), sync.programs())
            .remove(host.connections());
    metrics.connectionsDeleted(family.apiName(), stale);
    pending.clear();
    return full;
  }

  /** From before the first to after the second. */
  private static Programs.Change joined(Programs.Change first, Programs.Change second) {
    return new Programs.Change(first.name(), first.before(), second.after());
  }

  private List<Programs.Change> changes(FamilySync sync, Collection<ObjectName> changed) {
    ProgramOf programOf = programs.get(sync.family());
    Topology topology = table.topology();
    List<Programs.Change> changes = new ArrayList<>();
    for (ObjectName name : changed) {
      List<PortProgram> before = sync.programs().of(name);
      ServiceTable.Snapshot now = table.snapshot(name);
      List<PortProgram> after =
          programOf == null || now.service().isEmpty()
              ? List.of()
              : programOf.programs(name, now.service().get(), now.slices(), topology, before);
      if (!after.equals(before)) {
        changes.add(new Programs.Change(name, before, after));
      }
    }
    return changes;
  }

  private static void throwFirst(List<LinuxException> failures) {
    if (!failures.isEmpty()) {
      LinuxException first = failures.getFirst();
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
  }
}
