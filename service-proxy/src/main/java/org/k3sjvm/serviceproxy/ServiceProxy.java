package org.k3sjvm.serviceproxy;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.IptablesChains;
import org.k3sjvm.serviceproxy.health.HealthServers;
import org.k3sjvm.serviceproxy.health.ProxyHealth;
import org.k3sjvm.serviceproxy.health.ProxyMetrics;
import org.k3sjvm.serviceproxy.health.TakenPorts;
import org.k3sjvm.serviceproxy.model.Family;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes services answer on this node.
 *
 * <p>It follows services, endpoints and the own Node; once all have been told, one thread keeps the
 * packet filter as they want it. While the API server is away, and after the agent has ended, the
 * rules stand as they are; where there are none, those of before are made again. Nothing waits for
 * it: pods start meanwhile.
 */
public final class ServiceProxy implements Service {
  private static final Logger log = LoggerFactory.getLogger(ServiceProxy.class);

  /** Services that others serve, and those without an address. Source: kube-proxy v1.36. */
  private static final Selection OURS =
      Selection.byLabel(
          "!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless");

  private static final int PAGE = 500; // of objects that are in memory at once while listing
  private static final Duration FULL_EVERY = Duration.ofHours(1);
  private static final int BURST = 2;

  private static final Backoff RETRY =
      Backoff.doubling(Duration.ofSeconds(1), Duration.ofSeconds(30));

  private final ServiceProxyConfig config;
  private final ProxyHost host;
  private final KubeApi api;
  private final InstantSource clock = InstantSource.system();
  private final ProxyHealth health;
  private final ProxyMetrics metrics = new ProxyMetrics();
  private final ServiceTable table;
  private final RandomGenerator random = RandomGenerator.getDefault();

  /**
   * The proxy of this node.
   *
   * @param api under the identity {@code system:kube-proxy}
   */
  public ServiceProxy(ServiceProxyConfig config, ProxyHost host, KubeApi api) {
    this.config = config;
    this.host = host;
    this.api = api;
    this.health = new ProxyHealth(clock, config.look().multipliedBy(2));
    this.table = new ServiceTable(config.nodeName(), health::queued);
  }

  @Override
  public void run() throws InterruptedException {
    List<String> families = config.families().stream().map(Family::apiName).sorted().toList();
    try (HealthServers servers = new HealthServers(health, families, table::eligible, metrics);
        ServiceGroup group = ServiceGroup.open("service-proxy")) {
      config.healthz().ifPresent(servers::serveHealth);
      config.metrics().ifPresent(servers::serveMetrics);
      ObjectName own = ObjectName.ofCluster(config.nodeName());
      group.start("services", reflector(Resources.SERVICES, OURS, table::onService));
      group.start("endpoints", reflector(Resources.ENDPOINT_SLICES, OURS, table::onSlice));
      group.start("own-node", reflector(Resources.NODES, Selection.named(own), table::onNode));
      config
          .memory()
          .map(file -> new ServiceMemory(file, config, host.sysctls(), table))
          .ifPresent(memory -> group.start("memory", memory));
      group.during(() -> serve(servers));
    }
  }

  private void serve(HealthServers servers) throws InterruptedException {
    table.awaitKnown();
    if (config.rules().loopbackNodePorts()) {
      routeLoopback();
    }
    follow(new Syncer(config, host, table, metrics), servers);
  }

  private <T extends HasMetadata> Reflector<T> reflector(
      Resource<T> resource, Selection which, Reflector.Listener<T> listener) {
    return new Reflector<>(api, resource, which, PAGE, listener, Reflector.Surroundings.of(api));
  }

  private void follow(Syncer syncer, HealthServers servers) throws InterruptedException {
    Pace pace = new Pace(config.minSync(), BURST, clock.instant());
    TakenPorts ports = new TakenPorts(api, config.nodeName(), clock);
    Set<ObjectName> taken = new HashSet<>();
    Map<Family, List<Instant>> triggers = new EnumMap<>(Family.class);
    boolean told = false;
    Instant fullDue = clock.instant();
    boolean due = true;
    boolean leftoversRemoved = false;
    int failures = 0;
    while (true) {
      ServiceTable.Changes changes = table.awaitChange(due ? Duration.ZERO : config.look());
      taken.addAll(changes.names());
      try {
        boolean full =
            due || changes.told() != told || !clock.instant().isBefore(fullDue) || syncer.look();
        if (taken.isEmpty() && !full) {
          continue;
        }
        Sleeper.SYSTEM.sleep(pace.take(clock.instant()));
        ServiceTable.Changes more = table.awaitChange(Duration.ZERO);
        taken.addAll(more.names());
        if (full || more.told() != told) {
          syncer.distrust();
        }
        told = more.told();
        metrics.pending(taken.size());
        table.takeTriggers().forEach((family, all) -> tell(triggers, family, all));
        Instant began = clock.instant();
        Syncer.Result result = syncer.step(taken, !told);
        log(result, Duration.between(began, clock.instant()));
        health.updated();
        if (table.pending()) {
          health.queued();
        }
        Map<ObjectName, HealthServers.Check> checks = table.checks();
        taken.clear();
        metrics.pending(0);
        triggers.forEach(this::programmed);
        triggers.clear();
        ports.tell(servers.serve(checks), checks);
        due = false;
        failures = 0;
        if (told && !leftoversRemoved) {
          removeLeftovers();
          leftoversRemoved = true;
        }
        if (result.full() || !told) {
          fullDue = clock.instant().plus(FULL_EVERY);
        }
      } catch (LinuxException e) {
        Duration wait = RETRY.after(failures++, random);
        log.atWarn()
            .addKeyValue("reason", e.getMessage())
            .addKeyValue("retryIn", wait)
            .log("services are not as they should be, trying again");
        due = true;
        Sleeper.SYSTEM.sleep(wait);
      }
    }
  }

  private static void tell(Map<Family, List<Instant>> triggers, Family family, List<Instant> more) {
    triggers.computeIfAbsent(family, _ -> new ArrayList<>()).addAll(more);
  }

  private void programmed(Family family, List<Instant> triggers) {
    Instant now = clock.instant();
    triggers.forEach(at -> metrics.programmed(family.apiName(), Duration.between(at, now)));
  }

  /** Node ports of 127.0.0.1 are packets that leave loopback. */
  private void routeLoopback() {
    try {
      host.sysctls().ensure("net/ipv4/conf/all/route_localnet", "1");
    } catch (LinuxException e) {
      log.atWarn()
          .addKeyValue("reason", e.getMessage())
          .log("node ports do not answer at 127.0.0.1");
    }
  }

  /** Of upstream's kube-proxy, now that ours serve; both together would do no harm. */
  private void removeLeftovers() throws InterruptedException {
    try {
      new IptablesChains(host.commands()).remove(UpstreamChains::has);
    } catch (LinuxException e) {
      log.atWarn()
          .addKeyValue("reason", e.getMessage())
          .log("rules that upstream's kube-proxy left may still be there");
    }
  }

  private static void log(Syncer.Result result, Duration took) {
    (result.full() ? log.atInfo() : log.atDebug())
        .addKeyValue("services", result.services())
        .addKeyValue("full", result.full())
        .addKeyValue("took", took)
        .log("services programmed");
  }
}
