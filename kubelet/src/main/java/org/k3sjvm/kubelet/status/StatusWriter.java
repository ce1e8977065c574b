package org.k3sjvm.kubelet.status;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings reports to the API server: the newest of each pod, one request per pod at a time, several
 * pods beside each other. A report that changes nothing a user waits for may wait a little for the
 * next one. Bounded by the number of pods.
 */
public final class StatusWriter implements Service {
  private static final Logger log = LoggerFactory.getLogger(StatusWriter.class);

  private static final int WRITERS = 4;
  private static final Duration PATIENCE = Duration.ofMillis(400);
  private static final Set<String> PATIENT = Set.of("", "ContainerCreating", "PodInitializing");
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final Duration REFUSED_RETRY = Duration.ofSeconds(30);

  private record Waiting(PodReport report, ObjectNode owned, Instant due) {}

  /** What the API server has, as far as we know; as text, for it is kept for every pod. */
  private record Written(String owned, boolean deleted) {}

  private final KubeApi api;
  private final InstantSource clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Map<PodUid, Waiting> waiting = new LinkedHashMap<>();

  @GuardedBy("lock")
  private final Set<PodUid> busy = new HashSet<>();

  @GuardedBy("lock")
  private final Map<PodUid, Written> written = new HashMap<>();

  public StatusWriter(KubeApi api, InstantSource clock) {
    this.api = api;
    this.clock = clock;
  }

  /** Takes a report; an older one of the pod that still waits is dropped. Does not block. */
  public void report(PodReport report) {
    PodUid uid = report.desired().uid();
    ObjectNode owned = StatusPatch.owned(report.status());
    lock.lock();
    try {
      Written before = written.computeIfAbsent(uid, _ -> fromServer(report));
      Waiting older = waiting.get(uid);
      boolean nothingNew =
          before.owned().equals(owned.toString()) && (!report.finished() || before.deleted());
      if (nothingNew && older == null && !busy.contains(uid)) {
        return;
      }
      Instant now = clock.instant();
      Instant due = matters(before, owned, report) ? now : now.plus(PATIENCE);
      if (older != null && older.due().isBefore(due)) {
        due = older.due();
      }
      waiting.put(uid, new Waiting(report, owned, due));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The pod is gone; what waits for it is dropped. */
  public void forget(PodUid uid) {
    lock.lock();
    try {
      waiting.remove(uid);
      written.remove(uid);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void run() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("status")) {
      for (int i = 0; i < WRITERS; i++) {
        group.start("writer-" + i, this::write);
      }
      group.await();
    }
  }

  private void write() throws InterruptedException {
    while (true) {
      Waiting next = take();
      PodUid uid = next.report().desired().uid();
      Optional<Duration> again = Optional.of(RETRY);
      try {
        again = send(next);
      } finally {
        done(uid, next, again);
      }
    }
  }

  /** Empty when it is done; else when to try again. */
  private Optional<Duration> send(Waiting next) throws InterruptedException {
    PodReport report = next.report();
    PodUid uid = report.desired().uid();
    ObjectName name = new ObjectName(report.desired().namespace(), report.desired().name());
    try {
      Optional<Written> before = before(uid);
      String text = next.owned().toString();
      if (before.filter(b -> b.owned().equals(text)).isEmpty()) {
        Optional<JsonNode> old = before.map(b -> KubeJson.read(b.owned(), JsonNode.class));
        api.patchStatus(
            Resources.PODS, name, new Patch.Strategic(StatusPatch.of(uid, next.owned(), old)));
        remember(uid, new Written(text, before.map(Written::deleted).orElse(false)));
      }
      if (report.finished() && before.filter(Written::deleted).isEmpty()) {
        api.delete(Resources.PODS, name, DeleteRequest.now(uid.value()));
        remember(uid, new Written(text, true));
      }
      return Optional.empty();
    } catch (KubeException.NotFound | KubeException.Conflict e) {
      log.atDebug().addKeyValue("pod", name).log("pod is gone or another, status dropped");
      remember(uid, new Written(next.owned().toString(), true));
      return Optional.empty();
    } catch (KubeException.Throttled e) {
      return Optional.of(e.retryAfter().compareTo(RETRY) > 0 ? e.retryAfter() : RETRY);
    } catch (KubeException e) {
      Duration wait = e.retryable() ? RETRY : REFUSED_RETRY;
      log.atWarn()
          .setCause(e)
          .addKeyValue("pod", name)
          .addKeyValue("retryIn", wait)
          .log("cannot write pod status");
      return Optional.of(wait);
    }
  }

  private Waiting take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        Instant now = clock.instant();
        Instant earliest = null;
        for (Map.Entry<PodUid, Waiting> e : waiting.entrySet()) {
          if (busy.contains(e.getKey())) {
            continue;
          }
          if (!e.getValue().due().isAfter(now)) {
            busy.add(e.getKey());
            waiting.remove(e.getKey());
            return e.getValue();
          }
          earliest = earlier(earliest, e.getValue().due());
        }
        if (earliest == null) {
          changed.await();
        } else {
          long nanos = Duration.between(now, earliest).toNanos();
          changed.await(nanos, TimeUnit.NANOSECONDS);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void done(PodUid uid, Waiting tried, Optional<Duration> again) {
    lock.lock();
    try {
      busy.remove(uid);
      if (again.isPresent() && written.containsKey(uid)) {
        Instant due = clock.instant().plus(again.get());
        waiting.putIfAbsent(uid, new Waiting(tried.report(), tried.owned(), due));
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private Optional<Written> before(PodUid uid) {
    lock.lock();
    try {
      return Optional.ofNullable(written.get(uid));
    } finally {
      lock.unlock();
    }
  }

  private void remember(PodUid uid, Written now) {
    lock.lock();
    try {
      written.computeIfPresent(uid, (_, _) -> now);
    } finally {
      lock.unlock();
    }
  }

  private static Written fromServer(PodReport report) {
    var status = report.desired().pod().getStatus();
    return new Written(status == null ? "{}" : StatusPatch.owned(status).toString(), false);
  }

  /** Whether somebody waits for it: phase, readiness, the end. */
  private static boolean matters(Written before, ObjectNode owned, PodReport report) {
    if (report.finished()) {
      return true;
    }
    JsonNode old = KubeJson.read(before.owned(), JsonNode.class);
    return !old.path("phase").asText("Pending").equals(owned.path("phase").asText())
        || ready(old) != ready(owned)
        || !waitReasons(old).equals(waitReasons(owned));
  }

  private static boolean ready(JsonNode status) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return condition.path("status").asText().equals("True");
      }
    }
    return false;
  }

  private static Set<String> waitReasons(JsonNode status) {
    Set<String> reasons = new HashSet<>();
    for (JsonNode container : status.path("containerStatuses")) {
      reasons.add(container.path("state").path("waiting").path("reason").asText());
    }
    reasons.removeAll(PATIENT);
    return reasons;
  }

  private static Instant earlier(@Nullable Instant a, Instant b) {
    return a == null || b.isBefore(a) ? b : a;
  }
}
