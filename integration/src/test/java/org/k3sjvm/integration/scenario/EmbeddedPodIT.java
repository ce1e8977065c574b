package org.k3sjvm.integration.scenario;

class EmbeddedPodIT extends PodScenarios {
  EmbeddedPodIT() {
    super(ServerKind.EMBEDDED);
  }
}
