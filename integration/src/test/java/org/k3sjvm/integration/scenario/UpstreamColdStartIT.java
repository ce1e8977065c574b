package org.k3sjvm.integration.scenario;

import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

@EnabledIfEnvironmentVariable(named = "K3S_BIN", matches = ".+")
class UpstreamColdStartIT extends ColdStartScenarios {
  UpstreamColdStartIT() {
    super(ServerKind.UPSTREAM);
  }
}
