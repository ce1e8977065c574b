package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.patch.PatchException;
import org.k3sjvm.server.api.registry.Target.FieldValidation;
import org.k3sjvm.server.api.schema.Conform;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.Mutation;
import org.k3sjvm.server.store.ObjectStore;
import org.k3sjvm.server.store.StoreException;
import org.k3sjvm.server.store.StoredObject;

/**
 * The objects of the cluster under the rules of their kinds. Everybody writes through here, the
 * control plane too. Any thread may call; all methods may block for the disk and throw {@link
 * ApiException}.
 */
public final class Registry {
  /** Tries of a change whose author named no version, before giving up on a busy object. */
  private static final int CONFLICT_TRIES = 20;

  private static final int GENERATE_TRIES = 8;

  private final ObjectStore store;
  private final InstantSource clock;
  private final Admission admission;
  private final PodAdmission pods;
  private final ServiceAddresses services;
  private final Deletion deletion;

  /**
   * Builds it and reads the addresses that services hold.
   *
   * @param admission the last word on each change
   */
  public Registry(
      ObjectStore store, ServiceRanges ranges, InstantSource clock, Admission admission) {
    this.store = store;
    this.clock = clock;
    this.admission = admission;
    this.pods = new PodAdmission(this);
    this.services = new ServiceAddresses(ranges);
    this.deletion = new Deletion(this, clock, admission);
    list(Kinds.SERVICE, "", Selection.ALL).forEach(services::adopt);
  }

  public ObjectStore store() {
    return store;
  }

  /** An object's bytes and revision. */
  public StoredObject get(Kind kind, String namespace, String name) {
    return store
        .get(kind.key(namespace, name))
        .orElseThrow(() -> ApiException.notFound(kind, name));
  }

  /** An object as a tree of the caller's own. */
  public Optional<ObjectNode> find(Kind kind, String namespace, String name) {
    return store.get(kind.key(namespace, name)).map(stored -> Trees.parse(stored.value()));
  }

  /** The objects that fit, in the order of their keys; of all namespaces when that is empty. */
  public List<ObjectNode> list(Kind kind, String namespace, Selection selection) {
    List<ObjectNode> all = new ArrayList<>();
    for (StoredObject stored : store.list(kind.prefix(namespace), "", 0).objects()) {
      ObjectNode object = Trees.parse(stored.value());
      if (selection.matches(object)) {
        all.add(object);
      }
    }
    return all;
  }

  /** Creates an object and returns it as it was written. */
  public ObjectNode create(Target target, ObjectNode body) {
    Kind kind = target.kind();
    ObjectNode object = body;
    conform(target, object);
    ObjectNode meta = Meta.of(object);
    if (!Meta.resourceVersion(object).isEmpty()) {
      throw ApiException.badRequest("resourceVersion should not be set on objects to be created");
    }
    adoptNamespace(target, meta);
    String generate = Trees.text(meta, "generateName");
    boolean generated = Meta.name(object).isEmpty() && !generate.isEmpty();
    requireNamespace(kind, target.namespace(), Meta.name(object));
    MetaRules.forCreation(meta, Trees.time(clock.instant()));
    Rules rules = KindRules.of(kind);
    if (kind.hasStatus() && !rules.keepsStatusAtCreation()) {
      object.remove("status");
    }
    for (int attempt = 0; ; attempt++) {
      if (generated) {
        meta.put("name", Names.generate(generate));
      }
      meta.put("uid", UUID.randomUUID().toString());
      rules.defaults(object);
      if (kind.equals(Kinds.POD)) {
        pods.admit(object);
      }
      rules.beforeCreate(object);
      MetaRules.firstGeneration(kind, object);
      validate(target, object, Optional.empty());
      admission.admit(Admission.Operation.CREATE, target, object, Optional.empty());
      try {
        return insert(target, object);
      } catch (StoreException.Exists e) {
        if (!generated || attempt == GENERATE_TRIES) {
          throw ApiException.alreadyExists(kind, Meta.name(object));
        }
      }
    }
  }

  private ObjectNode insert(Target target, ObjectNode object) {
    Kind kind = target.kind();
    boolean service = kind.equals(Kinds.SERVICE);
    if (service) {
      services.allocate(object, Optional.empty());
    }
    try {
      if (target.dryRun()) {
        if (store.get(kind.key(target.namespace(), Meta.name(object))).isPresent()) {
          throw ApiException.alreadyExists(kind, Meta.name(object));
        }
        return object;
      }
      store.write(
          new Mutation.Create(
              kind.key(target.namespace(), Meta.name(object)), rv -> Versions.stamp(object, rv)));
      return object;
    } catch (RuntimeException e) {
      if (service) {
        services.release(object);
      }
      throw e;
    } finally {
      if (service && target.dryRun()) {
        services.release(object);
      }
    }
  }

  /** Changes an object of the control plane's own accord; see {@link #update}. */
  public ObjectNode modify(
      Kind kind,
      String namespace,
      String name,
      String subresource,
      UnaryOperator<ObjectNode> change) {
    return update(Target.self(kind, namespace).sub(subresource), name, change);
  }

  /**
   * Changes an object.
   *
   * @param change makes the new object from the present one, which it may change; called again when
   *     somebody else was faster, unless its result names a resource version
   * @return the object as it is now; unchanged when there was nothing to change
   */
  public ObjectNode update(Target target, String name, UnaryOperator<ObjectNode> change) {
    Kind kind = target.kind();
    for (int attempt = 0; ; attempt++) {
      StoredObject stored = get(kind, target.namespace(), name);
      ObjectNode before = Trees.parse(stored.value());
      ObjectNode after;
      try {
        after = change.apply(before.deepCopy());
      } catch (PatchException e) {
        throw ApiException.invalid(
            kind, name, List.of(new ApiException.Cause("FieldValueInvalid", text(e), "patch")));
      }
      String asked = Meta.resourceVersion(after);
      boolean pinned = !asked.isEmpty() && !asked.equals(Meta.resourceVersion(before));
      if (pinned) {
        throw ApiException.modified(kind, name);
      }
      try {
        return replace(target, stored, before, after);
      } catch (StoreException.Conflict e) {
        if (attempt == CONFLICT_TRIES) {
          throw ApiException.modified(kind, name);
        }
      } catch (StoreException.Missing e) {
        throw ApiException.notFound(kind, name);
      }
    }
  }

  private static String text(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private ObjectNode replace(
      Target target, StoredObject stored, ObjectNode before, ObjectNode after) {
    Kind kind = target.kind();
    conform(target, after);
    MetaRules.forUpdate(target, after, before);
    Rules rules = KindRules.of(kind);
    rules.defaults(after);
    if (kind.equals(Kinds.SERVICE) && target.subresource().isEmpty()) {
      ServiceRules.keepAddresses(after, before);
    }
    MetaRules.nextGeneration(target, after, before);
    validate(target, after, Optional.of(before));
    admission.admit(Admission.Operation.UPDATE, target, after, Optional.of(before));
    if (kind.equals(Kinds.SERVICE)) {
      services.allocate(after, Optional.of(before));
    }
    Meta.of(after).put("resourceVersion", Long.toString(stored.revision()));
    if (after.equals(before) || target.dryRun()) {
      return after;
    }
    if (Deletion.isDue(kind, after)) {
      deletion.remove(kind, stored, after);
      return after;
    }
    store.write(
        new Mutation.Update(stored.key(), stored.revision(), rv -> Versions.stamp(after, rv)));
    if (kind.equals(Kinds.SERVICE)) {
      services.releaseDropped(before, after);
    }
    return after;
  }

  /**
   * Deletes an object, or begins to.
   *
   * @return the object as it is now, or was last; and whether it is gone
   */
  public Deleted delete(Target target, String name, DeleteOptions options) {
    return deletion.delete(target, name, options);
  }

  /** What a deletion came to. */
  public record Deleted(ObjectNode object, boolean gone) {}

  void released(Kind kind, ObjectNode gone) {
    if (kind.equals(Kinds.SERVICE)) {
      services.release(gone);
    }
  }

  private static void conform(Target target, ObjectNode object) {
    Kind kind = target.kind();
    String apiVersion = Trees.text(object, "apiVersion");
    String name = Trees.text(object, "kind");
    if ((!apiVersion.isEmpty() && !apiVersion.equals(kind.apiVersion()))
        || (!name.isEmpty() && !name.equals(kind.kind()))) {
      throw ApiException.badRequest(
          "the object provided is unrecognized (must be of type "
              + kind.kind()
              + "): it is "
              + apiVersion
              + " "
              + name);
    }
    object.put("apiVersion", kind.apiVersion()).put("kind", kind.kind());
    Conform.Found found = Conform.conform(Schema.builtIn(), kind.schema(), object);
    if (found.wrong().isPresent()) {
      throw ApiException.badRequest(
          kind.kind()
              + " in version \""
              + kind.version()
              + "\" cannot be handled as a "
              + kind.kind()
              + ": "
              + found.wrong().get());
    }
    if (target.validation() == FieldValidation.STRICT && !found.unknown().isEmpty()) {
      StringBuilder all = new StringBuilder();
      for (String field : found.unknown()) {
        all.append(all.isEmpty() ? "" : ", ").append("unknown field \"").append(field).append('"');
      }
      throw ApiException.badRequest("strict decoding error: " + all);
    }
    Meta.of(object).remove("managedFields");
  }

  private static void adoptNamespace(Target target, ObjectNode meta) {
    if (!target.kind().namespaced()) {
      meta.remove("namespace");
      return;
    }
    String named = Trees.text(meta, "namespace");
    if (!named.isEmpty() && !named.equals(target.namespace())) {
      throw ApiException.badRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
    meta.put("namespace", target.namespace());
  }

  private void requireNamespace(Kind kind, String namespace, String name) {
    if (!kind.namespaced()) {
      return;
    }
    ObjectNode found =
        find(Kinds.NAMESPACE, "", namespace)
            .orElseThrow(() -> ApiException.notFound(Kinds.NAMESPACE, namespace));
    if (Meta.deleting(found)) {
      throw ApiException.terminating(kind, name, namespace);
    }
  }

  private static void validate(Target target, ObjectNode object, Optional<ObjectNode> before) {
    Kind kind = target.kind();
    Problems problems = new Problems();
    Rules rules = KindRules.of(kind);
    if (before.isEmpty()) {
      Names.validate(kind, object, problems);
    } else {
      Names.labels("metadata.labels", Trees.at(object, "metadata", "labels"), problems);
    }
    if (target.subresource().isEmpty()) {
      for (String field : Conform.conform(Schema.builtIn(), kind.schema(), object).missing()) {
        if (!field.startsWith("status")) {
          problems.required(field, "");
        }
      }
      rules.validate(object, problems);
    }
    if (target.subresource().equals(PodResize.SUBRESOURCE)) {
      rules.validate(object, problems);
      before.ifPresent(old -> PodResize.validate(object, old, problems));
    } else {
      before.ifPresent(old -> rules.validateUpdate(object, old, problems));
    }
    problems.check(kind, Meta.name(object));
  }
}
