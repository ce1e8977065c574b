package org.k3sjvm.serviceproxy;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.files.KeptFile;
import org.k3sjvm.base.files.KeptFile.Kept;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.serviceproxy.memory.KeptServices;
import org.k3sjvm.serviceproxy.memory.KeptServicesJson;
import org.k3sjvm.serviceproxy.model.ServiceFacts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps services on disk, and lets them serve after a start without an API server. */
final class ServiceMemory implements Service {
  private static final Logger log = LoggerFactory.getLogger(ServiceMemory.class);

  /** How long the API may be silent before what is remembered serves. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  /** Changes seldom come alone. */
  private static final Duration SETTLE = Duration.ofSeconds(10);

  /**
   * Flash memory wears out, and endpoints change often. While the machine runs the kernel knows
   * better.
   */
  private static final Duration WRITE_EVERY = Duration.ofMinutes(5);

  /** How long a node may have been away: later others may have the addresses of endpoints. */
  private static final Duration OLDEST = Duration.ofHours(24);

  private static final Duration TOUCH_EVERY = Duration.ofHours(1);

  private static final int LARGEST = 4 << 20; // some 10,000 services of three endpoints

  private final KeptFile<KeptServices> file;
  private final String node;
  private final List<Cidr> podNetworks;
  private final ServiceTable table;
  private final InstantSource clock;
  private final Duration silence;
  private final String boot;

  ServiceMemory(Path file, ServiceProxyConfig config, Sysctls sysctls, ServiceTable table) {
    this(file, config, sysctls, table, InstantSource.system(), SILENCE);
  }

  ServiceMemory(
      Path file,
      ServiceProxyConfig config,
      Sysctls sysctls,
      ServiceTable table,
      InstantSource clock,
      Duration silence) {
    this.file = new KeptFile<>(file, LARGEST, new KeptServicesJson());
    this.node = config.nodeName();
    this.podNetworks = config.rules().podNetworks();
    this.table = table;
    this.clock = clock;
    this.silence = silence;
    this.boot = sysctls.read("kernel/random/boot_id").orElse("");
  }

  @Override
  public void run() throws InterruptedException {
    if (!table.awaitTold(silence)) {
      recall().ifPresent(table::believe);
    }
    try {
      long seen = 0;
      while (true) {
        seen = table.awaitOther(seen, TOUCH_EVERY);
        Sleeper.SYSTEM.sleep(SETTLE);
        write();
        Sleeper.SYSTEM.sleep(WRITE_EVERY);
      }
    } finally {
      write(); // what came since
    }
  }

  /** Never what is merely remembered. */
  private void write() {
    table.told().ifPresent(facts -> file.write(new KeptServices(boot, facts)));
  }

  private Optional<ServiceFacts> recall() {
    Optional<Kept<KeptServices>> kept = file.read();
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    ServiceFacts facts = kept.get().value().facts();
    Duration age = age(kept.get().at());
    if (age.compareTo(OLDEST) > 0 || !facts.node().equals(node)) {
      log.atWarn()
          .addKeyValue("age", age)
          .addKeyValue("node", facts.node())
          .log("no API server tells services, and those of before are too old or another node's");
      return Optional.empty();
    }
    boolean restarted = !kept.get().value().boot().equals(boot);
    log.atWarn()
        .addKeyValue("silence", silence)
        .addKeyValue("age", age)
        .addKeyValue("machineRestarted", restarted)
        .addKeyValue("services", facts.services().size())
        .log("no API server tells services, those of before serve");
    return Optional.of(restarted ? facts.withoutPodsHere(podNetworks) : facts);
  }

  /** Of no time where the clock went back, as that of a machine without a battery does. */
  private Duration age(Instant at) {
    Duration age = Duration.between(at, clock.instant());
    return age.isNegative() ? Duration.ZERO : age;
  }
}
