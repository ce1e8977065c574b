package org.k3sjvm.linux.systemd;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.CgroupLayout;
import org.k3sjvm.linux.cgroup.CgroupLimits;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.cgroup.CgroupUsage;
import org.k3sjvm.linux.cgroup.Cgroups;
import org.k3sjvm.linux.dbus.DbusValue;

/**
 * Groups of a host whose tree belongs to systemd: slices are its units. What systemd knows it is
 * told, or it would take limits back at its next reload; the kernel's files are written as well,
 * for controllers that systemd leaves alone and for values that it rounds.
 *
 * <p>Source: runc, opencontainers/cgroups v0.0.6 systemd/{common,v1,v2}.go, as the kubelet v1.36
 * uses it.
 */
public final class SystemdCgroups implements Cgroups {
  private static final String SLICE = ".slice";

  /** All bits set: no limit. */
  private static final long INFINITY = -1;

  /** One hundredth of a processor; systemd keeps quotas in whole ones. */
  private static final long QUOTA_STEP_MICROS = 10_000;

  /** The first that takes a quota's period. */
  private static final int KNOWS_PERIOD = 242;

  private final Cgroups files;
  private final Units units;

  public SystemdCgroups(Cgroups files, Units units) {
    this.files = files;
    this.units = units;
  }

  @Override
  public CgroupLayout layout() {
    return files.layout();
  }

  @Override
  public void create(CgroupName name) {
    if (slice(name).isPresent() && !files.exists(name)) {
      units.start(slice(name).get(), ofNew(name, files.layout()));
    }
    files.create(name);
  }

  @Override
  public boolean exists(CgroupName name) {
    return files.exists(name);
  }

  @Override
  public void limit(CgroupName name, CgroupLimits limits) {
    CgroupLimits whole = rounded(limits);
    Map<String, DbusValue> properties = properties(whole, files.layout(), units::version);
    if (slice(name).isPresent() && !properties.isEmpty()) {
      units.set(slice(name).get(), properties);
    }
    files.limit(name, whole);
  }

  @Override
  public Set<String> children(CgroupName name) {
    return files.children(name);
  }

  @Override
  public Set<Long> processes(CgroupName name) {
    return files.processes(name);
  }

  @Override
  public Optional<CgroupUsage> usage(CgroupName name) {
    return files.usage(name);
  }

  /** systemd would end what runs in a slice; so it is asked only when nothing does. */
  @Override
  public void remove(CgroupName name) {
    if (!files.processes(name).isEmpty()) {
      throw LinuxException.of("remove slice " + name, Errno.EBUSY);
    }
    Optional<String> slice = slice(name);
    if (slice.isPresent() && files.children(parent(name)).contains(slice.get())) {
      units.stop(slice.get());
    }
    files.remove(name);
  }

  /** The unit that keeps a group; empty for groups of other kinds, which only have files. */
  private static Optional<String> slice(CgroupName name) {
    String last = name.value().substring(name.value().lastIndexOf('/') + 1);
    return last.endsWith(SLICE) ? Optional.of(last) : Optional.empty();
  }

  private static CgroupName parent(CgroupName name) {
    int slash = name.value().lastIndexOf('/');
    return slash == 0 ? CgroupName.ROOT : new CgroupName(name.value().substring(0, slash));
  }

  /** What a new slice is told besides its limits. */
  static Map<String, DbusValue> ofNew(CgroupName name, CgroupLayout layout) {
    DbusValue yes = new DbusValue.Flag(true);
    Map<String, DbusValue> all = new LinkedHashMap<>();
    all.put("Description", new DbusValue.Text("pods " + name.value()));
    all.put("Wants", new DbusValue.Texts(List.of(slice(parent(name)).orElse("-.slice"))));
    all.put("MemoryAccounting", yes);
    all.put("CPUAccounting", yes);
    all.put(layout instanceof CgroupLayout.Unified ? "IOAccounting" : "BlockIOAccounting", yes);
    all.put("TasksAccounting", yes);
    all.put("DefaultDependencies", new DbusValue.Flag(false));
    return all;
  }

  /** Asked only when it matters. */
  @FunctionalInterface
  interface Version {
    int get();
  }

  /** Limits in systemd's words. */
  static Map<String, DbusValue> properties(
      CgroupLimits limits, CgroupLayout layout, Version version) {
    boolean unified = layout instanceof CgroupLayout.Unified;
    Map<String, DbusValue> all = new LinkedHashMap<>();
    limits
        .memoryBytes()
        .ifPresent(b -> all.put(unified ? "MemoryMax" : "MemoryLimit", new DbusValue.Unsigned(b)));
    limits
        .cpuShares()
        .ifPresent(
            shares ->
                all.put(
                    unified ? "CPUWeight" : "CPUShares",
                    new DbusValue.Unsigned(unified ? CgroupLimits.weightOf(shares) : shares)));
    limits
        .cpuQuotaPerPeriod()
        .ifPresent(
            quota -> {
              Duration period = limits.cpuPeriod().orElse(DEFAULT_PERIOD);
              if (version.get() >= KNOWS_PERIOD) {
                all.put("CPUQuotaPeriodUSec", new DbusValue.Unsigned(micros(period)));
              }
              all.put(
                  "CPUQuotaPerSecUSec",
                  new DbusValue.Unsigned(quota.isNegative() ? INFINITY : perSecond(quota, period)));
            });
    limits
        .pids()
        .ifPresent( // systemd refuses 0
            n -> all.put("TasksMax", new DbusValue.Unsigned(n == 0 ? 1 : n)));
    return all;
  }

  private static final Duration DEFAULT_PERIOD = Duration.ofMillis(100);

  /** A quota as systemd will understand it, so that what it writes and what we write agree. */
  static CgroupLimits rounded(CgroupLimits limits) {
    Optional<Duration> quota = limits.cpuQuotaPerPeriod().filter(q -> q.isPositive());
    if (quota.isEmpty()) {
      return limits;
    }
    Duration period = limits.cpuPeriod().orElse(DEFAULT_PERIOD);
    long exact = micros(quota.get()) * 1_000_000 / micros(period);
    return exact % QUOTA_STEP_MICROS == 0
        ? limits
        : limits.withCpuQuota(
            Duration.ofNanos(perSecond(quota.get(), period) * micros(period) / 1000), period);
  }

  /** Rounded up to whole hundredths. */
  private static long perSecond(Duration quota, Duration period) {
    long exact = micros(quota) * 1_000_000 / micros(period);
    return Math.ceilDiv(exact, QUOTA_STEP_MICROS) * QUOTA_STEP_MICROS;
  }

  private static long micros(Duration time) {
    return time.toNanos() / 1000;
  }
}
