package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.labels;
import static org.k3sjvm.server.control.cluster.Fields.map;
import static org.k3sjvm.server.control.cluster.Fields.uid;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.Selector;

/** Claims, makes and deletes the pods of workloads of one kind. */
final class OwnedPods<W extends Workload> {
  private static final int AT_ONCE = 16;

  private final Cluster cluster;
  private final Resource<W> kind;
  private final String component;

  OwnedPods(Cluster cluster, Resource<W> kind, String component) {
    this.cluster = cluster;
    this.kind = kind;
    this.component = component;
  }

  /**
   * The pods that belong to a workload, ended ones too. It takes in those that match its selector
   * and belong to nobody, and lets go of its own that no longer match. Source: Kubernetes v1.36
   * pkg/controller/controller_ref_manager.go.
   */
  List<Pod> claim(W owner) throws InterruptedException {
    Selector selector = Selector.of(owner.selector());
    boolean ending = owner.metadata().getDeletionTimestamp() != null;
    List<Pod> owned = new ArrayList<>();
    for (Pod pod : cluster.pods().in(owner.metadata().getNamespace())) {
      Optional<OwnerReference> controller = Fields.controllerOf(pod);
      boolean matches = selector.matches(labels(pod));
      if (controller.isEmpty()) {
        if (matches && !ending && !Pods.isTerminal(pod) && !cluster.pods().isDeleting(pod)) {
          owned.add(adopt(cluster, kind, owner, Resources.PODS, cluster.pods(), pod));
        }
      } else if (controller.get().getUid().equals(uid(owner))) {
        if (matches || ending || cluster.pods().isDeleting(pod)) {
          owned.add(pod);
        } else {
          release(pod, uid(owner));
        }
      }
    }
    return owned;
  }

  /** Makes an object that belongs to nobody belong to a workload. */
  static <W extends HasMetadata, T extends HasMetadata> T adopt(
      Cluster cluster,
      Resource<W> ownerKind,
      W owner,
      Resource<T> kind,
      ObjectCache<T> cache,
      T object)
      throws InterruptedException {
    ObjectNode body = Fields.guarded(object);
    List<OwnerReference> owners =
        new ArrayList<>(Fields.list(object.getMetadata().getOwnerReferences()));
    owners.add(Fields.controllerReference(ownerKind, owner));
    body.withObjectProperty("metadata").set("ownerReferences", Fields.array(owners));
    T adopted = cluster.api().patch(kind, ObjectName.of(object), Fields.merge(body));
    cache.wrote(adopted);
    return adopted;
  }

  private void release(Pod pod, String ownerUid) throws InterruptedException {
    ObjectNode body = Fields.guarded(pod);
    List<OwnerReference> others =
        Fields.list(pod.getMetadata().getOwnerReferences()).stream()
            .filter(owner -> !owner.getUid().equals(ownerUid))
            .toList();
    body.withObjectProperty("metadata").set("ownerReferences", Fields.array(others));
    cluster
        .pods()
        .wrote(cluster.api().patch(Resources.PODS, ObjectName.of(pod), Fields.merge(body)));
  }

  /** Those that run or will run. */
  List<Pod> active(List<Pod> pods) {
    return pods.stream()
        .filter(pod -> !Pods.isTerminal(pod) && !cluster.pods().isDeleting(pod))
        .toList();
  }

  /** A pod as the template has it; the caller may change its metadata and copy its spec. */
  Pod fromTemplate(W owner, @Nullable PodTemplateSpec template) {
    if (template == null) {
      throw new IllegalArgumentException(kind + " " + ObjectName.of(owner) + " has no template");
    }
    Pod pod = new Pod();
    ObjectMeta metadata = new ObjectMeta();
    metadata.setNamespace(owner.metadata().getNamespace());
    metadata.setGenerateName(owner.metadata().getName() + "-");
    if (template.getMetadata() != null) {
      metadata.setLabels(new LinkedHashMap<>(map(template.getMetadata().getLabels())));
      metadata.setAnnotations(new LinkedHashMap<>(map(template.getMetadata().getAnnotations())));
    }
    metadata.setOwnerReferences(List.of(Fields.controllerReference(kind, owner)));
    pod.setMetadata(metadata);
    pod.setSpec(template.getSpec());
    return pod;
  }

  /**
   * Creates pods side by side, the first alone: if that is refused, so would be the others.
   *
   * @throws KubeException the first refusal
   */
  void create(W owner, List<Pod> pods) throws InterruptedException {
    if (!pods.isEmpty()) {
      create(owner, pods.getFirst());
      sideBySide(pods.subList(1, pods.size()), pod -> () -> create(owner, pod));
    }
  }

  private boolean create(W owner, Pod pod) throws InterruptedException {
    try {
      Pod created = cluster.api().create(Resources.PODS, pod);
      cluster.pods().wrote(created);
      cluster
          .events()
          .normal(
              component,
              kind,
              owner,
              "SuccessfulCreate",
              "Created pod: " + created.getMetadata().getName());
      return true;
    } catch (KubeException.AlreadyExists e) {
      return false; // ours by its name, and not seen yet
    } catch (KubeException e) {
      cluster
          .events()
          .warning(component, kind, owner, "FailedCreate", "Error creating: " + e.statusMessage());
      throw e;
    }
  }

  void delete(W owner, List<Pod> pods) throws InterruptedException {
    sideBySide(pods, pod -> () -> delete(owner, pod));
  }

  private boolean delete(W owner, Pod pod) throws InterruptedException {
    ObjectName name = ObjectName.of(pod);
    try {
      cluster
          .api()
          .delete(Resources.PODS, name, new DeleteRequest(Optional.empty(), Optional.of(uid(pod))));
      cluster.pods().deleted(uid(pod));
    } catch (KubeException.NotFound | KubeException.Conflict e) {
      return false; // gone already
    }
    cluster
        .events()
        .normal(component, kind, owner, "SuccessfulDelete", "Deleted pod: " + name.name());
    return true;
  }

  private static void sideBySide(
      List<Pod> pods, java.util.function.Function<Pod, Callable<Boolean>> effect)
      throws InterruptedException {
    if (pods.isEmpty()) {
      return;
    }
    Semaphore slots = new Semaphore(AT_ONCE);
    List<Callable<Boolean>> calls = new ArrayList<>();
    for (Pod pod : pods) {
      Callable<Boolean> call = effect.apply(pod);
      calls.add(
          () -> {
            slots.acquire();
            try {
              return call.call();
            } finally {
              slots.release();
            }
          });
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> done : threads.invokeAll(calls)) {
        done.get();
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException fault) {
        throw fault;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  /** Patches the status when it differs from what is there. */
  static <W extends Workload> void report(
      Cluster cluster, ObjectCache<W> cache, W owner, @Nullable Object before, Object now)
      throws InterruptedException {
    if (now.equals(before)) {
      return;
    }
    ObjectNode body = KubeJson.newObject();
    body.set("status", KubeJson.tree(now));
    cache.wrote(
        cluster.api().patchStatus(cache.resource(), ObjectName.of(owner), Fields.merge(body)));
  }
}
