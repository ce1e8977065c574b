package org.k3sjvm.integration.scenario;

class EmbeddedNetworkIT extends NetworkScenarios {
  EmbeddedNetworkIT() {
    super(ServerKind.EMBEDDED);
  }
}
