package org.k3sjvm.kubelet.event;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.ObjectReference;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the events of some objects, one at a time and in their order. */
final class EventWriter implements Service {
  private static final Logger log = LoggerFactory.getLogger(EventWriter.class);

  /** Source: client-go v0.36 tools/record/event.go, maxTriesPerEvent and sleepDuration. */
  private static final int TRIES = 12;

  private static final Duration RETRY = Duration.ofSeconds(10);

  /** A server may ask for days; the other events shall not wait for that. */
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

  /** Something that happened. */
  record Item(ObjectReference about, PodEvent event, Instant at) {}

  /** How many may wait, how many may be written at once, and how long is between two after that. */
  record Bounds(int queue, int burst, Duration pause) {}

  private final KubeApi api;
  private final String node;
  private final Bounds bounds;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private final BlockingQueue<Item> queue;
  private final AtomicLong dropped = new AtomicLong();
  private final EventCorrelator correlator = new EventCorrelator();
  private final RandomGenerator random = RandomGenerator.getDefault();
  private Instant quiet = Instant.EPOCH;

  EventWriter(KubeApi api, String node, Bounds bounds, InstantSource clock, Sleeper sleeper) {
    this.api = api;
    this.node = node;
    this.bounds = bounds;
    this.clock = clock;
    this.sleeper = sleeper;
    this.queue = new ArrayBlockingQueue<>(bounds.queue());
  }

  /** Does not block: what finds no room is dropped, and counted. */
  void offer(Item item) {
    if (!queue.offer(item) && dropped.getAndIncrement() == 0) {
      log.atWarn()
          .addKeyValue("waiting", bounds.queue())
          .addKeyValue("reason", item.event().reason())
          .log("events come faster than the API server takes them, dropping some");
    }
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      Item item = queue.poll();
      if (item == null) {
        tellDropped();
        item = queue.take();
      }
      write(item);
    }
  }

  private void tellDropped() {
    long lost = dropped.getAndSet(0);
    if (lost > 0) {
      log.atWarn().addKeyValue("events", lost).log("all events are written but those dropped");
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
      } catch (KubeException.Throttled e) {
        sleeper.sleep(asked(e));
      } catch (KubeException e) {
        if (!e.retryable()) {
          log.atDebug()
              .addKeyValue("object", item.about().getName())
              .addKeyValue("reason", e.getMessage())
              .log("event refused");
          return;
        }
        sleeper.sleep(i == 0 ? RETRY.multipliedBy(random.nextInt(100)).dividedBy(100) : RETRY);
      }
    }
  }

  private static Duration asked(KubeException.Throttled e) {
    if (e.retryAfter().isZero()) {
      return RETRY;
    }
    return e.retryAfter().compareTo(LONGEST_WAIT) < 0 ? e.retryAfter() : LONGEST_WAIT;
  }

  /** After a burst so many a second. */
  private void pace() throws InterruptedException {
    Instant now = clock.instant();
    quiet = (quiet.isBefore(now) ? now : quiet).plus(bounds.pause());
    Duration ahead =
        Duration.between(now, quiet).minus(bounds.pause().multipliedBy(bounds.burst()));
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
}
