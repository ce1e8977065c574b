package org.k3sjvm.networkpolicy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.Selector;

/** Whose an address is when two pods claim it, or the API is late. */
class AddressesTest {
  private static final String ADDRESS = "10.0.0.1";

  private final PolicyModel model = new PolicyModel("here", true, false);

  @BeforeEach
  void denyInJail() {
    model.policy(
        new Policy(
            new ObjectName("jail", "deny"),
            Selector.EVERYTHING,
            Optional.of(List.of()),
            Optional.empty()));
  }

  @Test
  void theNodesOwnWordCountsMoreThanTheApis() {
    model.pod(pod("jail", "old", "u1", "2024-01-02T00:00:00Z"));
    assertThat(restricted()).isTrue();

    model.ownPod(pod("free", "new", "u2", ""));
    assertThat(restricted()).isFalse();

    model.pod(pod("jail", "old", "u1", "2024-01-02T00:00:00Z"));
    assertThat(restricted()).isFalse();
    model.removePod(new ObjectName("jail", "old"), "u1");
    assertThat(restricted()).isFalse();
  }

  @Test
  void theNewerPodHasIt() {
    model.pod(pod("free", "new", "u2", "2024-01-03T00:00:00Z"));
    model.pod(pod("jail", "old", "u1", "2024-01-02T00:00:00Z"));
    assertThat(restricted()).isFalse();

    model.removePod(new ObjectName("free", "new"), "u2");
    assertThat(restricted()).isTrue();
  }

  @Test
  void aPodOfTheSameNameKeepsItsRulesWhenTheApiForgetsTheFormerOne() {
    model.pod(pod("jail", "db-0", "u1", ""));
    model.ownPod(pod("jail", "db-0", "u2", ""));

    model.removePod(new ObjectName("jail", "db-0"), "u1");

    assertThat(restricted()).isTrue();
  }

  @Test
  void aPodThatIsGoneLeavesNothing() {
    model.ownPod(pod("jail", "db-0", "u2", ""));
    model.pod(pod("jail", "db-0", "u2", ""));
    assertThat(restricted()).isTrue();

    model.removePod(new ObjectName("jail", "db-0"), "u2");
    assertThat(restricted()).isFalse();

    model.ownPod(pod("jail", "static", "u3", ""));
    model.removeOwnPod(new ObjectName("jail", "static"), "u3");
    assertThat(restricted()).isFalse();
  }

  private boolean restricted() {
    return model.members(Family.IPV4, FamilyTable.INGRESS).containsKey(ADDRESS);
  }

  private static PodFacts pod(String namespace, String name, String uid, String created) {
    return new PodFacts(
        new ObjectName(namespace, name),
        uid,
        Map.of(),
        List.of(ADDRESS),
        List.of(),
        "here",
        false,
        false,
        created);
  }
}
