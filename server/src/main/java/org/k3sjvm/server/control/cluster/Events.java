package org.k3sjvm.server.control.cluster;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventSource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectReference;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells users what controllers do. An event that repeats within the remembered ones counts up. A
 * failure to tell is logged and otherwise ignored. Source: client-go v0.36 tools/record.
 */
public final class Events {
  private static final Logger log = LoggerFactory.getLogger(Events.class);
  private static final int REMEMBERED = 128;

  private record Key(String component, String uid, String reason, String message) {}

  private record Seen(ObjectName event, int count) {}

  private final KubeApi api;
  private final InstantSource clock;
  private final Map<Key, Seen> seen =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Seen> eldest) {
          return size() > REMEMBERED;
        }
      };
  private long sequence;

  public Events(KubeApi api, InstantSource clock) {
    this.api = api;
    this.clock = clock;
  }

  public void normal(
      String component, Resource<?> kind, HasMetadata about, String reason, String message)
      throws InterruptedException {
    tell(component, "Normal", kind, about, reason, message);
  }

  public void warning(
      String component, Resource<?> kind, HasMetadata about, String reason, String message)
      throws InterruptedException {
    tell(component, "Warning", kind, about, reason, message);
  }

  private void tell(
      String component,
      String type,
      Resource<?> kind,
      HasMetadata about,
      String reason,
      String message)
      throws InterruptedException {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    Key key = new Key(component, about.getMetadata().getUid(), reason, message);
    try {
      Seen before;
      synchronized (seen) {
        before = seen.get(key);
        if (before != null) {
          seen.put(key, new Seen(before.event(), before.count() + 1));
        }
      }
      if (before == null || !countUp(before, now)) {
        Event event = event(component, type, reference(kind, about), reason, message, now);
        Event stored = api.create(Resources.EVENTS, event);
        synchronized (seen) {
          seen.put(key, new Seen(ObjectName.of(stored), 1));
        }
      }
    } catch (KubeException e) {
      log.atDebug()
          .addKeyValue("object", ObjectName.of(about))
          .addKeyValue("event", reason)
          .addKeyValue("reason", e.statusMessage())
          .log("cannot record an event");
    }
  }

  private boolean countUp(Seen before, String now) throws InterruptedException {
    var body = KubeJson.newObject().put("count", before.count() + 1).put("lastTimestamp", now);
    try {
      var _ = api.patch(Resources.EVENTS, before.event(), new Patch.Merge(body));
      return true;
    } catch (KubeException.NotFound e) {
      return false; // expired
    }
  }

  private Event event(
      String component,
      String type,
      ObjectReference about,
      String reason,
      String message,
      String now) {
    Event event = new Event();
    ObjectMeta metadata = new ObjectMeta();
    String namespace = about.getNamespace();
    metadata.setNamespace(namespace == null ? "default" : namespace);
    metadata.setName(about.getName() + "." + unique());
    event.setMetadata(metadata);
    event.setInvolvedObject(about);
    event.setReason(reason);
    event.setMessage(message);
    event.setType(type);
    event.setSource(new EventSource(component, null));
    event.setReportingComponent(component);
    event.setReportingInstance("");
    event.setFirstTimestamp(now);
    event.setLastTimestamp(now);
    event.setCount(1);
    return event;
  }

  private static ObjectReference reference(Resource<?> kind, HasMetadata about) {
    ObjectReference reference = new ObjectReference();
    reference.setApiVersion(kind.apiVersion());
    reference.setKind(kind.kind());
    reference.setNamespace(about.getMetadata().getNamespace());
    reference.setName(about.getMetadata().getName());
    reference.setUid(about.getMetadata().getUid());
    reference.setResourceVersion(about.getMetadata().getResourceVersion());
    return reference;
  }

  private String unique() {
    Instant now = clock.instant();
    long nanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
    synchronized (seen) {
      sequence = Math.max(sequence + 1, nanos);
      return Long.toHexString(sequence);
    }
  }
}
