package org.k3sjvm.integration.scenario;

class EmbeddedPolicyIT extends PolicyScenarios {
  EmbeddedPolicyIT() {
    super(ServerKind.EMBEDDED);
  }
}
