package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry.Deleted;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.Mutation;
import org.k3sjvm.server.store.StoreException;
import org.k3sjvm.server.store.StoredObject;

/**
 * How objects go: at once, after a grace period that the kubelet ends, or when their last finalizer
 * is gone. Source: kube-apiserver v1.32 pkg/registry/generic/registry/store.go.
 */
final class Deletion {
  /** Lets the garbage collector delete what the object owns before the object itself. */
  static final String FOREGROUND = "foregroundDeletion";

  /** Lets the garbage collector take the object out of what it owns. */
  static final String ORPHAN = "orphan";

  private static final int DEFAULT_GRACE = 30;
  private static final Set<String> KEPT_NAMESPACES =
      Set.of("default", "kube-system", "kube-public");

  private final Registry registry;
  private final InstantSource clock;
  private final Admission admission;

  Deletion(Registry registry, InstantSource clock, Admission admission) {
    this.registry = registry;
    this.clock = clock;
    this.admission = admission;
  }

  /** Whether nothing holds a deleted object any longer. */
  static boolean isDue(Kind kind, ObjectNode object) {
    return Meta.deleting(object)
        && Meta.finalizers(object).isEmpty()
        && Trees.number(object, "metadata", "deletionGracePeriodSeconds") == 0
        && !(kind.equals(Kinds.NAMESPACE) && !Trees.texts(object, "spec", "finalizers").isEmpty());
  }

  Deleted delete(Target target, String name, DeleteOptions options) {
    Kind kind = target.kind();
    while (true) {
      StoredObject stored = registry.get(kind, target.namespace(), name);
      ObjectNode object = Trees.parse(stored.value());
      check(kind, name, object, options);
      admission.admit(Admission.Operation.DELETE, target, object, Optional.of(object));
      try {
        return deleteOnce(target, stored, object, options);
      } catch (StoreException.Conflict _) {
        // Somebody changed it meanwhile: look again.
      } catch (StoreException.Missing e) {
        throw ApiException.notFound(kind, name);
      }
    }
  }

  private static void check(Kind kind, String name, ObjectNode object, DeleteOptions options) {
    if (options.uid().filter(uid -> !uid.equals(Meta.uid(object))).isPresent()) {
      throw ApiException.conflict(
          kind,
          name,
          "Precondition failed: UID in precondition: "
              + options.uid().get()
              + ", UID in object meta: "
              + Meta.uid(object));
    }
    String version = Meta.resourceVersion(object);
    if (options.resourceVersion().filter(rv -> !rv.equals(version)).isPresent()) {
      throw ApiException.conflict(
          kind, name, "Precondition failed: the object is at resourceVersion " + version);
    }
    if (kind.equals(Kinds.NAMESPACE) && KEPT_NAMESPACES.contains(name)) {
      throw ApiException.forbidden(kind, name, "this namespace may not be deleted");
    }
  }

  private Deleted deleteOnce(
      Target target, StoredObject stored, ObjectNode object, DeleteOptions options) {
    Kind kind = target.kind();
    boolean deleting = Meta.deleting(object);
    setFinalizers(object, options);
    long grace = kind.equals(Kinds.POD) ? graceOf(object, options) : 0;
    long present = Trees.number(object, "metadata", "deletionGracePeriodSeconds");
    boolean held =
        !Meta.finalizers(object).isEmpty()
            || (kind.equals(Kinds.NAMESPACE)
                && !Trees.texts(object, "spec", "finalizers").isEmpty());
    if (grace == 0 && !held) {
      if (!target.dryRun()) {
        remove(kind, stored, object);
      }
      return new Deleted(object, true);
    }
    if (deleting && grace >= present) {
      if (object.equals(Trees.parse(stored.value()))) {
        return new Deleted(object, false);
      }
    } else {
      schedule(kind, object, deleting, grace, present);
    }
    if (!target.dryRun()) {
      registry
          .store()
          .write(
              new Mutation.Update(
                  stored.key(), stored.revision(), rv -> Versions.stamp(object, rv)));
    }
    return new Deleted(object, false);
  }

  private void schedule(Kind kind, ObjectNode object, boolean deleting, long grace, long present) {
    ObjectNode meta = Meta.of(object);
    Instant from =
        deleting
            ? Trees.instant(meta, "deletionTimestamp")
                .map(at -> at.minusSeconds(present))
                .orElseGet(clock::instant)
            : clock.instant();
    meta.put("deletionTimestamp", Trees.time(from.plusSeconds(grace)));
    meta.put("deletionGracePeriodSeconds", (int) grace);
    if (meta.has("generation")) {
      meta.put("generation", (int) Trees.number(meta, "generation") + 1);
    }
    if (kind.equals(Kinds.NAMESPACE)) {
      Trees.child(object, "status").put("phase", "Terminating");
    }
  }

  private static long graceOf(ObjectNode pod, DeleteOptions options) {
    String phase = Trees.text(pod, "status", "phase");
    boolean nobodyRunsIt =
        Trees.text(pod, "spec", "nodeName").isEmpty()
            || phase.equals("Succeeded")
            || phase.equals("Failed");
    if (nobodyRunsIt) {
      return 0;
    }
    long own =
        Trees.has(pod, "spec", "terminationGracePeriodSeconds")
            ? Trees.number(pod, "spec", "terminationGracePeriodSeconds")
            : DEFAULT_GRACE;
    long asked = options.graceSeconds().orElse(own);
    return asked < 0 ? 1 : asked;
  }

  private static void setFinalizers(ObjectNode object, DeleteOptions options) {
    switch (options.propagation()) {
      case BACKGROUND -> {}
      case FOREGROUND -> addFinalizer(object, FOREGROUND);
      case ORPHAN -> addFinalizer(object, ORPHAN);
    }
  }

  private static void addFinalizer(ObjectNode object, String name) {
    ArrayNode finalizers = Trees.list(Meta.of(object), "finalizers");
    for (int i = 0; i < finalizers.size(); i++) {
      if (finalizers.get(i).asText().equals(name)) {
        return;
      }
    }
    finalizers.add(name);
  }

  void remove(Kind kind, StoredObject stored, ObjectNode last) {
    registry
        .store()
        .write(
            new Mutation.Delete(stored.key(), stored.revision(), rv -> Versions.stamp(last, rv)));
    registry.released(kind, last);
  }
}
