package org.k3sjvm.integration.scenario;

class EmbeddedColdStartIT extends ColdStartScenarios {
  EmbeddedColdStartIT() {
    super(ServerKind.EMBEDDED);
  }
}
