package org.k3sjvm.integration.scenario;

import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

@EnabledIfEnvironmentVariable(named = "K3S_BIN", matches = ".+")
class UpstreamHostileIT extends HostileScenarios {
  UpstreamHostileIT() {
    super(ServerKind.UPSTREAM);
  }
}
