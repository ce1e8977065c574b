package org.k3sjvm.server.control.garbage;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.text;
import static org.k3sjvm.server.control.cluster.Fields.uid;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Partial;
import org.k3sjvm.server.control.cluster.Reconciler;
import org.k3sjvm.server.control.cluster.WorkQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes objects whose owners are all gone, in the background or before their owner, or takes them
 * out of an owner that leaves them behind.
 */
public final class GarbageReconciler implements Reconciler<Item> {
  private static final Logger log = LoggerFactory.getLogger(GarbageReconciler.class);
  private static final String FOREGROUND = "foregroundDeletion";
  private static final String ORPHAN = "orphan";

  private final Cluster cluster;
  private final Map<String, Resource<Partial>> kinds = new LinkedHashMap<>();

  /** The reconciler for all kinds but events, which own nothing and are owned by nobody. */
  public GarbageReconciler(Cluster cluster, List<Resource<Partial>> all) {
    this.cluster = cluster;
    for (Resource<Partial> kind : all) {
      if (!kind.plural().equals(Resources.EVENTS.plural())) {
        kinds.put(kind.apiVersion() + "/" + kind.kind(), kind);
      }
    }
  }

  /** Lets changes of every kind bring the objects concerned into the queue. */
  public void wire(WorkQueue<Item> queue) {
    for (Resource<Partial> kind : kinds.values()) {
      listen(kind, cluster.anyCache(kind), queue);
    }
  }

  private <T extends HasMetadata> void listen(
      Resource<Partial> kind, ObjectCache<T> cache, WorkQueue<Item> queue) {
    cache.onChange(
        change -> {
          T object = change.newest();
          if (change.after().isEmpty()) {
            dependents(uid(object)).forEach(one -> queue.add(one.item()));
            owners(object).forEach(queue::add); // one of them may have waited for this
          } else if (isOfInterest(object)) {
            queue.add(new Item(kind, ObjectName.of(object)));
          }
        });
  }

  private static boolean isOfInterest(HasMetadata object) {
    return object.getMetadata().getDeletionTimestamp() == null
        ? !list(object.getMetadata().getOwnerReferences()).isEmpty()
        : has(object, FOREGROUND) || has(object, ORPHAN);
  }

  private List<Item> owners(HasMetadata object) {
    List<Item> owners = new ArrayList<>();
    for (OwnerReference owner : list(object.getMetadata().getOwnerReferences())) {
      Resource<Partial> kind = kinds.get(owner.getApiVersion() + "/" + owner.getKind());
      if (kind != null) {
        owners.add(new Item(kind, ownerName(kind, object, owner)));
      }
    }
    return owners;
  }

  @Override
  public Optional<Duration> reconcile(Item item) throws InterruptedException {
    Optional<? extends HasMetadata> found = find(item);
    if (found.isEmpty()) {
      return NO_LATER_LOOK;
    }
    HasMetadata object = found.get();
    if (object.getMetadata().getDeletionTimestamp() == null) {
      if (!cluster.anyCache(item.kind()).isDeletingUid(uid(object))) {
        judge(item, object);
      }
    } else if (has(object, ORPHAN)) {
      leaveBehind(item, object);
    } else if (has(object, FOREGROUND)) {
      clearBefore(item, object);
    }
    return NO_LATER_LOOK;
  }

  private void judge(Item item, HasMetadata object) throws InterruptedException {
    List<Verdict.Owner> owners = new ArrayList<>();
    for (OwnerReference reference : list(object.getMetadata().getOwnerReferences())) {
      owners.add(new Verdict.Owner(reference, state(object, reference)));
    }
    switch (Verdict.of(owners, !dependents(uid(object)).isEmpty())) {
      case Verdict.Keep() -> {}
      case Verdict.Detach(List<OwnerReference> remaining) -> setOwners(item, object, remaining);
      case Verdict.Delete() -> delete(item, object);
      case Verdict.DeleteAfterDependents() -> deleteAfterDependents(item, object);
    }
  }

  private Verdict.OwnerState state(HasMetadata object, OwnerReference reference)
      throws InterruptedException {
    Resource<Partial> kind = kinds.get(reference.getApiVersion() + "/" + reference.getKind());
    if (kind == null) {
      return Verdict.OwnerState.SOLID; // of a kind that we cannot look at
    }
    Item owner = new Item(kind, ownerName(kind, object, reference));
    Optional<? extends HasMetadata> cached =
        find(owner).filter(one -> uid(one).equals(reference.getUid()));
    Optional<? extends HasMetadata> present =
        cached.isPresent()
            ? cached
            : cluster
                .api()
                .find(kind, owner.name())
                .filter(one -> uid(one).equals(reference.getUid()));
    if (present.isEmpty()) {
      return Verdict.OwnerState.GONE;
    }
    boolean waiting =
        present.get().getMetadata().getDeletionTimestamp() != null
            && has(present.get(), FOREGROUND);
    return waiting ? Verdict.OwnerState.WAITING : Verdict.OwnerState.SOLID;
  }

  private static ObjectName ownerName(
      Resource<Partial> kind, HasMetadata object, OwnerReference owner) {
    return new ObjectName(
        kind.namespaced() ? text(object.getMetadata().getNamespace()) : "", owner.getName());
  }

  private Optional<? extends HasMetadata> find(Item item) {
    return cluster.anyCache(item.kind()).find(item.name());
  }

  private record Dependent(Item item, HasMetadata object, boolean blocking) {}

  private List<Dependent> dependents(String ownerUid) {
    List<Dependent> found = new ArrayList<>();
    for (Resource<Partial> kind : kinds.values()) {
      for (HasMetadata object : cluster.anyCache(kind).all()) {
        for (OwnerReference owner : list(object.getMetadata().getOwnerReferences())) {
          if (ownerUid.equals(owner.getUid())) {
            found.add(
                new Dependent(
                    new Item(kind, ObjectName.of(object)),
                    object,
                    Boolean.TRUE.equals(owner.getBlockOwnerDeletion())));
          }
        }
      }
    }
    return found;
  }

  /** Deletes what an object owns; lets it go once nothing is left that it must wait for. */
  private void clearBefore(Item item, HasMetadata owner) throws InterruptedException {
    List<Dependent> dependents = dependents(uid(owner));
    if (dependents.stream().noneMatch(Dependent::blocking)) {
      removeFinalizer(item, owner, FOREGROUND);
      return;
    }
    for (Dependent dependent : dependents) {
      if (dependent.object().getMetadata().getDeletionTimestamp() == null) {
        judge(dependent.item(), dependent.object());
      }
    }
  }

  /** Takes the object out of what it owns, then lets it go. */
  private void leaveBehind(Item item, HasMetadata owner) throws InterruptedException {
    for (Dependent dependent : dependents(uid(owner))) {
      List<OwnerReference> others =
          list(dependent.object().getMetadata().getOwnerReferences()).stream()
              .filter(reference -> !reference.getUid().equals(uid(owner)))
              .toList();
      setOwners(dependent.item(), dependent.object(), others);
    }
    removeFinalizer(item, owner, ORPHAN);
  }

  private void setOwners(Item item, HasMetadata object, List<OwnerReference> owners)
      throws InterruptedException {
    ObjectNode body = Fields.guarded(object);
    body.withObjectProperty("metadata").set("ownerReferences", Fields.array(owners));
    patch(item, body);
  }

  private void removeFinalizer(Item item, HasMetadata object, String finalizer)
      throws InterruptedException {
    ObjectNode body = Fields.guarded(object);
    ArrayNode kept = body.withObjectProperty("metadata").putArray("finalizers");
    list(object.getMetadata().getFinalizers()).stream()
        .filter(one -> !one.equals(finalizer))
        .forEach(kept::add);
    patch(item, body);
  }

  private void deleteAfterDependents(Item item, HasMetadata object) throws InterruptedException {
    if (!has(object, FOREGROUND)) {
      ObjectNode body = Fields.guarded(object);
      ArrayNode finalizers = body.withObjectProperty("metadata").putArray("finalizers");
      list(object.getMetadata().getFinalizers()).forEach(finalizers::add);
      finalizers.add(FOREGROUND);
      patch(item, body);
    }
    delete(item, object);
  }

  private void patch(Item item, ObjectNode body) throws InterruptedException {
    try {
      Partial changed = cluster.api().patch(item.kind(), item.name(), Fields.merge(body));
      log.atDebug()
          .addKeyValue("object", item)
          .addKeyValue("version", changed.metadata().getResourceVersion())
          .log("changed owners or finalizers");
    } catch (KubeException.NotFound e) {
      log.atDebug().addKeyValue("object", item).log("garbage is gone already");
    }
  }

  private void delete(Item item, HasMetadata object) throws InterruptedException {
    try {
      cluster
          .api()
          .delete(
              item.kind(),
              item.name(),
              new DeleteRequest(Optional.empty(), Optional.of(uid(object))));
      cluster.anyCache(item.kind()).deleted(uid(object));
      log.atDebug().addKeyValue("object", item).log("deleted what has lost its owner");
    } catch (KubeException.NotFound | KubeException.Conflict e) {
      log.atDebug().addKeyValue("object", item).log("garbage is gone already");
    }
  }

  private static boolean has(HasMetadata object, String finalizer) {
    return list(object.getMetadata().getFinalizers()).contains(finalizer);
  }
}
