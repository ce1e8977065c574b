package org.k3sjvm.integration.scenario;

class EmbeddedServiceIT extends ServiceScenarios {
  EmbeddedServiceIT() {
    super(ServerKind.EMBEDDED);
  }
}
