package org.k3sjvm.server.control.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.server.control.ServedApi.await;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.server.control.Things;
import org.k3sjvm.server.control.cluster.Cluster;

class OrphanedPodsTest {
  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T12:00:00Z"));
  private final FakeKubeApi fake = new FakeKubeApi(time);
  private final Cluster cluster = new Cluster(fake, time);
  private final OrphanedPods orphans = new OrphanedPods(cluster);
  private final ServiceGroup group = ServiceGroup.open("test");

  @BeforeEach
  void follow() throws InterruptedException {
    var _ = cluster.pods();
    var _ = cluster.nodes();
    cluster.follow(group);
  }

  @AfterEach
  void stop() {
    group.close();
  }

  @Test
  void removesAPodSomeTimeAfterItsNodeIsGone() throws InterruptedException {
    ObjectName name = create("'nodeName': 'gone', 'containers': [{'name': 'c'}]");
    assertThat(orphans.reconcile(name)).hasValue(OrphanedPods.QUARANTINE);
    time.advance(Duration.ofSeconds(39));
    assertThat(orphans.reconcile(name)).hasValue(Duration.ofSeconds(1));
    time.advance(Duration.ofSeconds(1));
    orphans.reconcile(name);
    assertThat(fake.stored(Resources.PODS)).isEmpty();
  }

  @Test
  void keepsAPodWhoseNodeIsThereOrThatWaitsForOne() throws InterruptedException {
    fake.create(Resources.NODES, Things.node("n1"));
    await("the node is seen", () -> !cluster.nodes().all().isEmpty());
    ObjectName name = create("'nodeName': 'n1', 'containers': [{'name': 'c'}]");
    assertThat(orphans.reconcile(name)).isEmpty();
    Pod waiting = Things.pod("w");
    cluster.pods().wrote(fake.create(Resources.PODS, waiting));
    assertThat(orphans.reconcile(ObjectName.of(waiting))).isEmpty();
    assertThat(fake.stored(Resources.PODS)).hasSize(2);
  }

  private ObjectName create(String spec) {
    Pod pod = fake.create(Resources.PODS, Things.pod("p", spec));
    cluster.pods().wrote(pod);
    return ObjectName.of(pod);
  }
}
