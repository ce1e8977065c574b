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
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  /** Source: client-go v0.36 tools/record/event.go, maxTriesPerEvent and sleepDuration. */
  private static final int TRIES = 12;

  private static final Duration RETRY = Duration.ofSeconds(10);

  private record Item(ObjectReference about, PodEvent event, Instant at) {}

  /** Ids of containers differ from run to run; their names make events alike. */
  private static final Pattern CONTAINER_ID =
      Pattern.compile("(?<![0-9a-f]|sha256:)[0-9a-f]{64}(?![0-9a-f])");

  private static final Pattern CONTAINER = Pattern.compile("spec\\.[A-Za-z]+\\{(.+)}");

  /** Source: kubelet v1.36 eventRecordQPS and eventBurst. */
  private static final Duration PAUSE = Duration.ofMillis(20);

  private static final int BURST = 100;

  private final KubeApi api;
  private final String node;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(QUEUE);
  private final EventCorrelator correlator = new EventCorrelator();
  private final RandomGenerator random = RandomGenerator.getDefault();
  private Instant quiet = Instant.EPOCH;

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
        named(event));
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
    Optional<EventCorrelator.Entry> entry = correlator.on(item.about(), item.event(), item.at());
    if (entry.isEmpty()) {
      return;
    }
    pace();
    boolean create = entry.get().count() == 1;
    for (int i = 0; i < TRIES; i++) {
      try {
        if (create) {
          api.create(Resources.EVENTS, event(item, entry.get()));
        } else {
          api.patch(Resources.EVENTS, name(item, entry.get()), update(entry.get()));
        }
        return;
      } catch (KubeException.NotFound e) {
        if (create) {
          return; // its namespace is gone
        }
        create = true; // the server forgets events after a while
      } catch (KubeException e) {
        if (!e.retryable()) {
          log.atDebug().setCause(e).log("event refused");
          return;
        }
        sleeper.sleep(i == 0 ? RETRY.multipliedBy(random.nextInt(100)).dividedBy(100) : RETRY);
      }
    }
  }

  /** After a burst so many a second. */
  private void pace() throws InterruptedException {
    Instant now = clock.instant();
    quiet = (quiet.isBefore(now) ? now : quiet).plus(PAUSE);
    Duration ahead = Duration.between(now, quiet).minus(PAUSE.multipliedBy(BURST));
    if (ahead.isPositive()) {
      sleeper.sleep(ahead);
    }
  }

  private Event event(Item item, EventCorrelator.Entry entry) {
    ObjectName name = name(item, entry);
    return new EventBuilder()
        .withNewMetadata()
        .withName(name.name())
        .withNamespace(name.namespace())
        .endMetadata()
        .withInvolvedObject(item.about())
        .withReason(item.event().reason())
        .withMessage(entry.message())
        .withType(item.event().type() == PodEvent.Type.NORMAL ? "Normal" : "Warning")
        .withNewSource("kubelet", node)
        .withReportingComponent("kubelet")
        .withReportingInstance(node)
        .withFirstTimestamp(time(entry.first()))
        .withLastTimestamp(time(entry.last()))
        .withCount(entry.count())
        .build();
  }

  private static Patch update(EventCorrelator.Entry entry) {
    ObjectNode patch = KubeJson.newObject();
    patch.put("count", entry.count());
    patch.put("lastTimestamp", time(entry.last()));
    patch.put("message", entry.message());
    return new Patch.Strategic(patch);
  }

  private static ObjectName name(Item item, EventCorrelator.Entry entry) {
    String namespace = item.about().getNamespace();
    return new ObjectName(namespace == null ? "default" : namespace, entry.name());
  }

  private static String time(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
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
