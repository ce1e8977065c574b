package org.k3sjvm.kubelet.source.mirror;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.admission.PodKind;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one mirror for each static pod: makes it, makes it again when somebody deletes it or the
 * pod has changed, and takes it away when nothing of the pod is left. What the pod's worker reports
 * is written to the mirror. Any thread may tell it news; it acts on its own, once all sources are
 * known.
 */
public final class Mirrors implements Service {
  private static final Logger log = LoggerFactory.getLogger(Mirrors.class);

  private static final Duration RETRY = Duration.ofSeconds(5);

  private final KubeApi api;
  private final Supplier<Optional<Node>> node;
  private final Consumer<PodReport> status;
  private final Consumer<PodUid> forget;
  private final Gate<Boolean> sources;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Map<ObjectName, DesiredPod> statics = new HashMap<>();

  @GuardedBy("lock")
  private final Map<ObjectName, Pod> mirrors = new HashMap<>();

  @GuardedBy("lock")
  private final Map<ObjectName, PodReport> reports = new HashMap<>();

  @GuardedBy("lock")
  private final Set<ObjectName> due = new LinkedHashSet<>();

  /**
   * One that knows no pods.
   *
   * @param node as last seen; mirrors belong to it
   * @param status takes reports about mirrors; must not block
   * @param forget is told of mirrors that are gone
   * @param sources opens when all pods are known
   */
  public Mirrors(
      KubeApi api,
      Supplier<Optional<Node>> node,
      Consumer<PodReport> status,
      Consumer<PodUid> forget,
      Gate<Boolean> sources) {
    this.api = api;
    this.node = node;
    this.status = status;
    this.forget = forget;
    this.sources = sources;
  }

  /** A static pod runs from now on. */
  public void began(DesiredPod pod) {
    ObjectName name = name(pod);
    lock.lock();
    try {
      statics.put(name, pod);
      look(name);
    } finally {
      lock.unlock();
    }
  }

  /** Nothing of a static pod is left. */
  public void ended(DesiredPod pod) {
    ObjectName name = name(pod);
    lock.lock();
    try {
      DesiredPod known = statics.get(name);
      if (known != null && known.uid().equals(pod.uid())) {
        statics.remove(name);
        reports.remove(name);
      }
      look(name);
    } finally {
      lock.unlock();
    }
  }

  /** The API server has a mirror. */
  public void update(DesiredPod mirror) {
    ObjectName name = name(mirror);
    lock.lock();
    try {
      mirrors.put(name, mirror.pod());
      look(name);
    } finally {
      lock.unlock();
    }
    tell(name);
  }

  /** Whether this is a mirror; if so, it is gone from the API server. */
  public boolean removed(PodUid uid) {
    lock.lock();
    try {
      Optional<ObjectName> found = Optional.empty();
      for (Map.Entry<ObjectName, Pod> e : mirrors.entrySet()) {
        if (e.getValue().getMetadata().getUid().equals(uid.value())) {
          found = Optional.of(e.getKey());
        }
      }
      if (found.isEmpty()) {
        return false;
      }
      mirrors.remove(found.get());
      look(found.get());
    } finally {
      lock.unlock();
    }
    forget.accept(uid);
    return true;
  }

  /** A static pod's worker reports; written when there is a mirror of this very pod. */
  public void report(PodReport report) {
    ObjectName name = name(report.desired());
    lock.lock();
    try {
      reports.put(name, report);
    } finally {
      lock.unlock();
    }
    tell(name);
  }

  @Override
  public void run() throws InterruptedException {
    sources.await();
    while (true) {
      ObjectName name = next();
      try {
        reconcile(name);
      } catch (KubeException e) {
        log.atWarn()
            .setCause(e)
            .addKeyValue("pod", name)
            .addKeyValue("retryIn", RETRY)
            .log("cannot bring mirror pod up to date");
        later(name);
      }
    }
  }

  private void reconcile(ObjectName name) throws InterruptedException {
    Optional<DesiredPod> pod;
    Optional<Pod> mirror;
    lock.lock();
    try {
      pod = Optional.ofNullable(statics.get(name));
      mirror = Optional.ofNullable(mirrors.get(name));
    } finally {
      lock.unlock();
    }
    if (mirror.isPresent() && !pod.map(p -> shows(mirror.get(), p)).orElse(false)) {
      delete(name, mirror.get());
    } else if (mirror.isPresent()) {
      return;
    }
    if (pod.isPresent()) {
      create(name, pod.get());
    }
  }

  private void delete(ObjectName name, Pod mirror) throws InterruptedException {
    String uid = mirror.getMetadata().getUid();
    try {
      api.delete(Resources.PODS, name, DeleteRequest.now(uid));
      log.atInfo().addKeyValue("pod", name).log("mirror pod deleted");
    } catch (KubeException.NotFound | KubeException.Conflict e) {
      log.atDebug().addKeyValue("pod", name).log("mirror pod was gone");
    }
    removed(new PodUid(uid));
  }

  private void create(ObjectName name, DesiredPod pod) throws InterruptedException {
    Optional<Node> owner = node.get();
    if (owner.isEmpty()) {
      later(name);
      return;
    }
    if (owner.get().getMetadata().getDeletionTimestamp() != null) {
      return;
    }
    try {
      Pod made = api.create(Resources.PODS, mirrorOf(pod, owner.get()));
      log.atInfo().addKeyValue("pod", name).log("mirror pod created");
      boolean news;
      lock.lock();
      try {
        news = mirrors.putIfAbsent(name, made) == null;
      } finally {
        lock.unlock();
      }
      if (news) {
        tell(name);
      }
    } catch (KubeException.AlreadyExists e) {
      log.atDebug().addKeyValue("pod", name).log("mirror pod exists, the watch will show it");
      later(name);
    }
  }

  private static Pod mirrorOf(DesiredPod pod, Node owner) {
    ObjectMeta from = pod.pod().getMetadata();
    Map<String, String> annotations = new HashMap<>(from.getAnnotations());
    annotations.put(PodKind.MIRROR, annotations.getOrDefault(PodKind.HASH, from.getUid()));
    return new PodBuilder()
        .withNewMetadata()
        .withName(from.getName())
        .withNamespace(from.getNamespace())
        .withLabels(from.getLabels())
        .withAnnotations(annotations)
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion("v1")
                .withKind("Node")
                .withName(owner.getMetadata().getName())
                .withUid(owner.getMetadata().getUid())
                .withController(true)
                .build())
        .endMetadata()
        .withSpec(pod.pod().getSpec())
        .build();
  }

  private void tell(ObjectName name) {
    lock.lock();
    try {
      PodReport report = reports.get(name);
      Pod mirror = mirrors.get(name);
      if (report != null && mirror != null && shows(mirror, report.desired())) {
        status.accept(new PodReport(DesiredPod.of(mirror), report.status(), false));
      }
    } finally {
      lock.unlock();
    }
  }

  private static boolean shows(Pod mirror, DesiredPod pod) {
    return mirror.getMetadata().getDeletionTimestamp() == null
        && PodKind.annotation(mirror, PodKind.MIRROR)
            .equals(PodKind.annotation(pod.pod(), PodKind.HASH));
  }

  @GuardedBy("lock")
  private void look(ObjectName name) {
    due.add(name);
    changed.signalAll();
  }

  private ObjectName next() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (due.isEmpty()) {
        changed.await();
      }
      List<ObjectName> all = List.copyOf(due);
      due.remove(all.getFirst());
      return all.getFirst();
    } finally {
      lock.unlock();
    }
  }

  /** Others come before it; when there are none, a pause does. */
  private void later(ObjectName name) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = RETRY.toNanos();
      while (due.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
      }
      due.add(name);
    } finally {
      lock.unlock();
    }
  }

  private static ObjectName name(DesiredPod pod) {
    return new ObjectName(pod.namespace(), pod.name());
  }
}
