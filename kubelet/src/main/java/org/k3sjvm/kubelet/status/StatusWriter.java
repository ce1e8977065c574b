package org.k3sjvm.kubelet.status;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
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
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings reports to the API server: the newest of each pod, one request per pod at a time, several
 * pods beside each other, in the order in which they came to have something to say. A report that
 * changes nothing a user waits for may wait a little for the next one. Bounded by the number of
 * pods.
 *
 * <p>A write is one patch, with no look before it: the watch shows the server's copy. When that
 * copy says something else than was written, somebody overwrote it, and it is written again.
 *
 * <p>Source of the protocol: kubelet v1.36 pkg/kubelet/status/status_manager.go.
 */
public final class StatusWriter implements Service {
  private static final Logger log = LoggerFactory.getLogger(StatusWriter.class);

  private static final int WRITERS = 4;
  private static final Duration RETRY_CAP = Duration.ofSeconds(30);
  private static final Duration REFUSED_RETRY = Duration.ofSeconds(30);
  private static final Duration REFUSED_CAP = Duration.ofMinutes(5);

  /**
   * How long things wait.
   *
   * @param patience of a report that nobody waits for
   * @param reconcile before what others wrote is overwritten
   * @param retry after the first failure
   */
  record Pace(Duration patience, Duration reconcile, Duration retry) {
    /** Source: kubelet v1.36 looks each 10 s for what others wrote. */
    static final Pace DEFAULT =
        new Pace(Duration.ofMillis(400), Duration.ofSeconds(5), Duration.ofSeconds(1));
  }

  private final KubeApi api;
  private final InstantSource clock;
  private final Pace pace;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Map<PodUid, PodEntry> entries = new HashMap<>();

  @GuardedBy("lock")
  private final Set<PodUid> waiting = new LinkedHashSet<>();

  @GuardedBy("lock")
  private final Set<PodUid> busy = new HashSet<>();

  public StatusWriter(KubeApi api, InstantSource clock) {
    this(api, clock, Pace.DEFAULT);
  }

  StatusWriter(KubeApi api, InstantSource clock, Pace pace) {
    this.api = api;
    this.clock = clock;
    this.pace = pace;
  }

  /** Takes a report; an older one of the pod that still waits is dropped. Does not block. */
  public void report(PodReport report) {
    PodUid uid = report.desired().uid();
    ObjectNode owned = StatusPatch.owned(report.status());
    String text = owned.toString();
    lock.lock();
    try {
      PodEntry entry = entries.get(uid);
      if (entry == null) {
        entry = new PodEntry(report, text);
        entries.put(uid, entry);
      } else {
        entry.report = report;
        entry.wanted = text.equals(entry.wanted) ? entry.wanted : text;
      }
      if (entry.settled()) {
        drop(uid, entry);
        return;
      }
      Instant now = clock.instant();
      boolean urgent = report.finished() || Urgency.of(PodEntry.tree(entry.server), owned);
      if (entry.failures == 0 || entry.due == null) {
        wake(uid, entry, urgent ? now : now.plus(pace.patience()));
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The watch shows this copy. Does not block.
   *
   * @return whether somebody else ended the pod, which its worker must know
   */
  public boolean seen(Pod pod) {
    PodUid uid = new PodUid(pod.getMetadata().getUid());
    lock.lock();
    try {
      PodEntry entry = entries.get(uid);
      if (entry == null || PodEntry.version(pod) <= entry.version) {
        return false;
      }
      entry.seen(pod);
      if (!entry.settled() && entry.due == null && !busy.contains(uid)) {
        wake(uid, entry, clock.instant().plus(pace.reconcile()));
      }
      return isOver(pod.getStatus()) && !isOver(entry.report.status());
    } finally {
      lock.unlock();
    }
  }

  /** The pod is gone; what waits for it is dropped. */
  public void forget(PodUid uid) {
    lock.lock();
    try {
      entries.remove(uid);
      waiting.remove(uid);
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
      Turn turn = take();
      Answer answer = new Answer.Retry(pace.retry());
      try {
        answer = send(turn);
      } finally {
        done(turn, answer);
      }
    }
  }

  /** One pod's turn to be written. */
  private record Turn(PodReport report, String wanted, String server, int failures) {
    DesiredPod pod() {
      return report.desired();
    }
  }

  /** How a turn ended. */
  private sealed interface Answer {
    /** The server has it; empty when there was nothing to patch. */
    record Taken(Optional<Pod> now) implements Answer {}

    /** The server's copy is another than we thought. */
    record Other(Pod now) implements Answer {}

    record Gone() implements Answer {}

    record Retry(Duration after) implements Answer {}
  }

  private Answer send(Turn turn) throws InterruptedException {
    PodUid uid = turn.pod().uid();
    ObjectName name = new ObjectName(turn.pod().namespace(), turn.pod().name());
    try {
      Optional<ObjectNode> patch =
          StatusPatch.between(uid, PodEntry.tree(turn.server()), PodEntry.tree(turn.wanted()));
      Optional<Pod> now = Optional.empty();
      if (patch.isPresent()) {
        now = Optional.of(api.patchStatus(Resources.PODS, name, new Patch.Strategic(patch.get())));
      }
      if (turn.report().finished()) {
        api.delete(Resources.PODS, name, DeleteRequest.now(uid.value()));
        return new Answer.Gone();
      }
      return new Answer.Taken(now);
    } catch (KubeException.NotFound e) {
      log.atDebug().addKeyValue("pod", name).log("pod is gone, status dropped");
      return new Answer.Gone();
    } catch (KubeException.Conflict e) {
      return again(turn, name);
    } catch (KubeException.Throttled e) {
      return new Answer.Retry(longer(e.retryAfter(), pace.retry()));
    } catch (KubeException e) {
      return retry(turn, name, e);
    }
  }

  /** The uid is another's, or too many write at once. */
  private Answer again(Turn turn, ObjectName name) throws InterruptedException {
    try {
      Optional<Pod> now = api.find(Resources.PODS, name);
      if (now.isEmpty() || !now.get().getMetadata().getUid().equals(turn.pod().uid().value())) {
        log.atDebug().addKeyValue("pod", name).log("pod is another, status dropped");
        return new Answer.Gone();
      }
      return new Answer.Other(now.get());
    } catch (KubeException e) {
      return retry(turn, name, e);
    }
  }

  private Answer retry(Turn turn, ObjectName name, KubeException e) {
    Duration wait =
        e.retryable()
            ? doubled(pace.retry(), turn.failures(), RETRY_CAP)
            : doubled(REFUSED_RETRY, turn.failures(), REFUSED_CAP);
    log.atWarn()
        .setCause(e)
        .addKeyValue("pod", name)
        .addKeyValue("attempt", turn.failures() + 1)
        .addKeyValue("retryIn", wait)
        .log("cannot write pod status");
    return new Answer.Retry(wait);
  }

  private Turn take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        Instant now = clock.instant();
        Instant earliest = null;
        Iterator<PodUid> each = waiting.iterator();
        while (each.hasNext()) {
          PodUid uid = each.next();
          PodEntry entry = entries.get(uid);
          Instant due = entry == null ? null : entry.due;
          if (entry == null || due == null) {
            each.remove();
          } else if (!busy.contains(uid)) {
            if (!due.isAfter(now)) {
              each.remove();
              busy.add(uid);
              entry.due = null;
              return new Turn(entry.report, entry.wanted, entry.server, entry.failures);
            }
            earliest = earliest == null || due.isBefore(earliest) ? due : earliest;
          }
        }
        if (earliest == null) {
          changed.await();
        } else {
          changed.await(Duration.between(now, earliest).toNanos(), TimeUnit.NANOSECONDS);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void done(Turn turn, Answer answer) {
    PodUid uid = turn.pod().uid();
    lock.lock();
    try {
      busy.remove(uid);
      changed.signalAll();
      PodEntry entry = entries.get(uid);
      if (entry == null) {
        return;
      }
      switch (answer) {
        case Answer.Taken(Optional<Pod> now) -> {
          entry.failures = 0;
          entry.agreed(turn.wanted(), turn.server(), now);
        }
        case Answer.Other(Pod now) -> {
          entry.failures++;
          entry.seen(now);
        }
        case Answer.Gone _ -> entry.gone = true;
        case Answer.Retry _ -> entry.failures++;
      }
      if (entry.settled()) {
        drop(uid, entry);
      } else if (answer instanceof Answer.Retry(Duration after)) {
        entry.due = clock.instant().plus(after);
        waiting.add(uid);
      } else if (entry.due == null) {
        boolean overwritten = entry.wanted.equals(entry.sent) && !entry.report.finished();
        wake(uid, entry, overwritten ? clock.instant().plus(pace.reconcile()) : clock.instant());
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void wake(PodUid uid, PodEntry entry, Instant at) {
    if (entry.due == null || at.isBefore(entry.due)) {
      entry.due = at;
    }
    waiting.add(uid);
    changed.signalAll();
  }

  @GuardedBy("lock")
  private void drop(PodUid uid, PodEntry entry) {
    entry.due = null;
    waiting.remove(uid);
  }

  private static boolean isOver(@Nullable PodStatus status) {
    return status != null
        && ("Succeeded".equals(status.getPhase()) || "Failed".equals(status.getPhase()));
  }

  private static Duration doubled(Duration first, int failures, Duration cap) {
    Duration wait = first.multipliedBy(1L << Math.min(failures, 10));
    return wait.compareTo(cap) > 0 ? cap : wait;
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }
}
