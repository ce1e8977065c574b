package org.k3sjvm.linux.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessFactsTest {
  private static final String STATUS =
      "Name:\tjava\nUid:\t1000\t0\t0\t0\nCapEff:\t000001fffeffffff\n";

  @Test
  void readsCapabilitiesUidAndControlGroups() {
    ProcessFacts facts =
        ProcessFacts.parse(
            STATUS,
            "4:memory:/a/b\n2:cpu,cpuacct:/c\n0::/d\n",
            "         0          0 4294967295\n");

    assertThat(facts.effectiveUid()).isZero();
    assertThat(facts.has(Capability.SYS_ADMIN)).isTrue();
    assertThat(facts.has(Capability.SYS_RESOURCE)).isFalse();
    assertThat(facts.cgroups())
        .containsEntry("memory", "/a/b")
        .containsEntry("cpuacct", "/c")
        .containsEntry("", "/d");
    assertThat(facts.inUserNamespace()).isFalse();
  }

  @Test
  void seesAUserNamespaceByItsMap() {
    assertThat(ProcessFacts.parse(STATUS, "", "0 1000 1\n").inUserNamespace()).isTrue();
  }

  @Test
  void readsThisProcess() {
    assertThat(ProcessFacts.read().effectiveUid()).isNotNegative();
  }
}
