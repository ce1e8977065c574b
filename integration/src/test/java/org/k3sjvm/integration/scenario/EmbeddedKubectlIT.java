package org.k3sjvm.integration.scenario;

class EmbeddedKubectlIT extends KubectlScenarios {
  EmbeddedKubectlIT() {
    super(ServerKind.EMBEDDED);
  }
}
