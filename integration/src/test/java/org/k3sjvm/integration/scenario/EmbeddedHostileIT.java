package org.k3sjvm.integration.scenario;

class EmbeddedHostileIT extends HostileScenarios {
  EmbeddedHostileIT() {
    super(ServerKind.EMBEDDED);
  }
}
