package org.k3sjvm.containerd;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.RuntimeVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for a runtime to answer, our own containerd or somebody else's. */
public final class CriReady {
  private static final Logger log = LoggerFactory.getLogger(CriReady.class);

  /** A containerd that starts takes about half a second; upstream looks once a second. */
  private static final Backoff RETRY =
      new Backoff(Duration.ofMillis(50), Duration.ofSeconds(1), 1.3, 0);

  private static final Duration SILENCE = Duration.ofSeconds(10);

  private final InstantSource clock;
  private final Sleeper sleeper;

  public CriReady(InstantSource clock, Sleeper sleeper) {
    this.clock = clock;
    this.sleeper = sleeper;
  }

  /** Blocks until the runtime says its version; there is no limit but interruption. */
  public RuntimeVersion await(ContainerRuntime runtime) throws InterruptedException {
    Instant warned = clock.instant();
    for (int attempt = 0; ; attempt++) {
      try {
        RuntimeVersion version = runtime.version();
        log.atInfo()
            .addKeyValue("runtime", version.name())
            .addKeyValue("version", version.version())
            .log("container runtime is ready");
        return version;
      } catch (CriException notYet) {
        // containerd opens its socket before its CRI part has loaded: until then it answers
        // Unimplemented, or an unknown fault, "server is not initialized yet".
        if (Duration.between(warned, clock.instant()).compareTo(SILENCE) > 0) {
          warned = clock.instant();
          log.atWarn()
              .addKeyValue("attempt", attempt)
              .addKeyValue("reason", notYet.getMessage())
              .log("waiting for the container runtime");
        }
        sleeper.sleep(RETRY.after(attempt, RandomGenerator.getDefault()));
      }
    }
  }
}
