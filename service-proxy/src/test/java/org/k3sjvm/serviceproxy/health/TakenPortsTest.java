package org.k3sjvm.serviceproxy.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;

class TakenPortsTest {
  private static final ObjectName WEB = new ObjectName("default", "web");
  private static final Map<ObjectName, HealthServers.Check> CHECKS =
      Map.of(WEB, new HealthServers.Check(31_000, 1));

  @Test
  void saysOnceOnTheServiceThatItsPortIsTaken() throws Exception {
    FakeKubeApi api = new FakeKubeApi();
    TakenPorts ports = new TakenPorts(api, "n1", InstantSource.system());

    ports.tell(Set.of(), CHECKS);
    ports.tell(Set.of(WEB), CHECKS);
    ports.tell(Set.of(WEB), CHECKS);

    assertThat(api.stored(Resources.EVENTS))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.getReason()).isEqualTo("FailedToStartServiceHealthcheck");
              assertThat(event.getInvolvedObject().getName()).isEqualTo("web");
              assertThat(event.getMessage()).contains("n1").contains("31000");
            });
  }
}
