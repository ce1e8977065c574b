package org.k3sjvm.kubelet.event;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Takes events and is never in anybody's way: a full queue drops, a repeated event counts up, an
 * object that causes many is cut short. The events of an object are written in their order; one
 * that the server lets wait holds up half of the others at most.
 */
public final class EventRecorder implements Service {
  private static final int WRITERS = 2;

  /** Source: kubelet v1.36 eventRecordQPS 50 and eventBurst 100, for all writers together. */
  private static final EventWriter.Bounds EACH =
      new EventWriter.Bounds(1000 / WRITERS, 100 / WRITERS, Duration.ofMillis(20 * WRITERS));

  /** Ids of containers differ from run to run; their names make events alike. */
  private static final Pattern CONTAINER_ID =
      Pattern.compile("(?<![0-9a-f]|sha256:)[0-9a-f]{64}(?![0-9a-f])");

  private static final Pattern CONTAINER = Pattern.compile("spec\\.[A-Za-z]+\\{(.+)}");

  private final String node;
  private final InstantSource clock;
  private final List<EventWriter> writers;

  public EventRecorder(KubeApi api, String node, InstantSource clock, Sleeper sleeper) {
    this.node = node;
    this.clock = clock;
    this.writers =
        Stream.generate(() -> new EventWriter(api, node, EACH, clock, sleeper))
            .limit(WRITERS)
            .toList();
  }

  /** About a pod. Does not block. */
  public void record(DesiredPod pod, PodEvent event) {
    var meta = pod.pod().getMetadata();
    record(
        new ObjectReferenceBuilder()
            .withKind("Pod")
            .withApiVersion("v1")
            .withNamespace(pod.namespace())
            .withName(pod.name())
            .withUid(pod.uid().value())
            .withResourceVersion(meta.getResourceVersion())
            .withFieldPath(event.fieldPath().isEmpty() ? null : event.fieldPath())
            .build(),
        named(event));
  }

  /** About this node; its uid is its name, as {@code kubectl describe node} expects. */
  public void recordOfNode(PodEvent event) {
    record(
        new ObjectReferenceBuilder().withKind("Node").withName(node).withUid(node).build(), event);
  }

  private void record(ObjectReference about, PodEvent event) {
    writers
        .get(Math.floorMod(about.getUid().hashCode(), WRITERS))
        .offer(new EventWriter.Item(about, event, clock.instant()));
  }

  @Override
  public void run() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("events")) {
      for (EventWriter writer : writers) {
        group.start("writer", writer);
      }
      group.await();
    }
  }

  private static PodEvent named(PodEvent event) {
    Matcher container = CONTAINER.matcher(event.fieldPath());
    return container.matches()
        ? new PodEvent(
            event.type(),
            event.reason(),
            CONTAINER_ID
                .matcher(event.message())
                .replaceAll(Matcher.quoteReplacement(container.group(1))),
            event.fieldPath())
        : event;
  }
}
