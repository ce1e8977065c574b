package org.k3sjvm.kubelet.event;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes events, one at a time and never in anybody's way: a full queue drops, a repeated event
 * counts up, an object that causes many is cut short.
 */
public final class EventRecorder implements Service {
  private static final Logger log = LoggerFactory.getLogger(EventRecorder.class);

  private static final int QUEUE = 1000;
  private static final int REMEMBERED = 1024;

  /** Source: client-go v0.36 tools/record/event.go, maxTriesPerEvent and sleepDuration. */
  private static final int TRIES = 12;

  private static final Duration RETRY = Duration.ofSeconds(10);

  private record Item(ObjectReference about, PodEvent event, Instant at) {}

  private record Key(String uid, String field, PodEvent.Type type, String reason, String message) {}

  private record Written(ObjectName name, int count) {}

  private final KubeApi api;
  private final String node;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(QUEUE);
  private final EventBudget budget = new EventBudget();
  private final Map<Key, Written> written =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Written> eldest) {
          return size() > REMEMBERED;
        }
      };
  private long sequence;

  public EventRecorder(KubeApi api, String node, InstantSource clock, Sleeper sleeper) {
    this.api = api;
    this.node = node;
    this.clock = clock;
    this.sleeper = sleeper;
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
        event);
  }

  /** About this node; its uid is its name, as {@code kubectl describe node} expects. */
  public void recordOfNode(PodEvent event) {
    record(
        new ObjectReferenceBuilder().withKind("Node").withName(node).withUid(node).build(), event);
  }

  private void record(ObjectReference about, PodEvent event) {
    if (!queue.offer(new Item(about, event, clock.instant()))) {
      log.atDebug().addKeyValue("reason", event.reason()).log("event dropped, the queue is full");
    }
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      write(queue.take());
    }
  }

  private void write(Item item) throws InterruptedException {
    if (!budget.take(item.about().getUid(), item.at())) {
      return;
    }
    Key key = keyOf(item);
    for (int i = 0; i < TRIES; i++) {
      try {
        Written before = written.get(key);
        written.put(key, before == null ? create(item) : count(before, item));
        return;
      } catch (KubeException.NotFound e) {
        if (written.remove(key) == null) {
          return; // its namespace is gone
        }
      } catch (KubeException e) {
        if (!e.retryable()) {
          log.atDebug().setCause(e).log("event refused");
          return;
        }
        sleeper.sleep(RETRY);
      }
    }
  }

  private Written create(Item item) throws InterruptedException {
    ObjectReference about = item.about();
    String namespace = about.getNamespace() == null ? "default" : about.getNamespace();
    long nanos = ChronoUnit.NANOS.between(Instant.EPOCH, item.at()) + sequence++ % 1000;
    String name = about.getName() + "." + Long.toHexString(nanos);
    String at = item.at().truncatedTo(ChronoUnit.SECONDS).toString();
    Event event =
        new EventBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace(namespace)
            .endMetadata()
            .withInvolvedObject(about)
            .withReason(item.event().reason())
            .withMessage(item.event().message())
            .withType(item.event().type() == PodEvent.Type.NORMAL ? "Normal" : "Warning")
            .withNewSource("kubelet", node)
            .withReportingComponent("kubelet")
            .withReportingInstance(node)
            .withFirstTimestamp(at)
            .withLastTimestamp(at)
            .withCount(1)
            .build();
    api.create(Resources.EVENTS, event);
    return new Written(new ObjectName(namespace, name), 1);
  }

  private Written count(Written before, Item item) throws InterruptedException {
    ObjectNode patch = KubeJson.newObject();
    patch.put("count", before.count() + 1);
    patch.put("lastTimestamp", item.at().truncatedTo(ChronoUnit.SECONDS).toString());
    api.patch(Resources.EVENTS, before.name(), new Patch.Strategic(patch));
    return new Written(before.name(), before.count() + 1);
  }

  private static Key keyOf(Item item) {
    String field = item.about().getFieldPath();
    return new Key(
        item.about().getUid(),
        field == null ? "" : field,
        item.event().type(),
        item.event().reason(),
        item.event().message());
  }
}
