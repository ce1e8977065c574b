package org.k3sjvm.integration.scenario;

class EmbeddedJoinIT extends JoinScenarios {
  EmbeddedJoinIT() {
    super(ServerKind.EMBEDDED);
  }
}
