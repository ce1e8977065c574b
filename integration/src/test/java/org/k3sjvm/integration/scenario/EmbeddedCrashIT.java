package org.k3sjvm.integration.scenario;

class EmbeddedCrashIT extends CrashScenarios {
  EmbeddedCrashIT() {
    super(ServerKind.EMBEDDED);
  }
}
