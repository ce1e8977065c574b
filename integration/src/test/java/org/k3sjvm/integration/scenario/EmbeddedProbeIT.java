package org.k3sjvm.integration.scenario;

class EmbeddedProbeIT extends ProbeScenarios {
  EmbeddedProbeIT() {
    super(ServerKind.EMBEDDED);
  }
}
