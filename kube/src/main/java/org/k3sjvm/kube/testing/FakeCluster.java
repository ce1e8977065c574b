package org.k3sjvm.kube.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Selection;

/**
 * Objects, versions and watches of an API server, as JSON trees. Collections are named by
 * apiVersion and plural, such as {@code v1/pods}. Thread-safe.
 */
public final class FakeCluster {
  /** One change. */
  public record Change(long version, String collection, String type, ObjectNode object) {}

  /** What a watch reads: changes, or its end. */
  sealed interface Signal {
    record Changed(Change change) implements Signal {}

    record Ended() implements Signal {}

    record Failed(KubeException fault) implements Signal {}
  }

  /** An open watch. */
  record Watcher(String collection, Selection selection, BlockingQueue<Signal> signals) {}

  private final Object lock = new Object();
  private final InstantSource clock;

  @GuardedBy("lock")
  private final Map<String, Map<ObjectName, ObjectNode>> objects = new TreeMap<>();

  @GuardedBy("lock")
  private final List<Change> history = new ArrayList<>();

  @GuardedBy("lock")
  private final List<Watcher> watchers = new ArrayList<>();

  @GuardedBy("lock")
  private long version = 100;

  @GuardedBy("lock")
  private long forgottenUpTo;

  public FakeCluster(InstantSource clock) {
    this.clock = clock;
  }

  /** A copy of the object. */
  public ObjectNode get(String collection, ObjectName name) {
    synchronized (lock) {
      return stored(collection, name).deepCopy();
    }
  }

  /** Copies of the objects, by name. */
  public List<ObjectNode> list(String collection, Selection selection) {
    synchronized (lock) {
      return all(collection).values().stream()
          .filter(object -> Selectors.matches(selection, object))
          .map(ObjectNode::deepCopy)
          .toList();
    }
  }

  /** The version of the newest change. */
  public long version() {
    synchronized (lock) {
      return version;
    }
  }

  /** Stores a new object; fills in what a server fills in. */
  public ObjectNode create(String collection, ObjectNode object) {
    synchronized (lock) {
      ObjectNode metadata = object.withObjectProperty("metadata");
      if (!metadata.has("name") && metadata.has("generateName")) {
        metadata.put("name", metadata.get("generateName").asText() + version);
      }
      ObjectName name = nameOf(object);
      if (all(collection).containsKey(name)) {
        throw new KubeException.AlreadyExists(
            "create " + collection + " " + name, quoted(collection, name) + " already exists");
      }
      ObjectNode added = object.deepCopy();
      ObjectNode stamped = added.withObjectProperty("metadata");
      stamped.put("uid", new UUID(0x4000, 1L << 63 | (version + 1)).toString());
      stamped.put("creationTimestamp", now());
      return change(collection, "ADDED", added);
    }
  }

  /** Replaces an object; its version, if it names one, must be the current. */
  public ObjectNode update(String collection, ObjectNode object) {
    synchronized (lock) {
      ObjectName name = nameOf(object);
      ObjectNode old = stored(collection, name);
      String wanted = object.at("/metadata/resourceVersion").asText("");
      if (!wanted.isEmpty() && !wanted.equals(old.at("/metadata/resourceVersion").asText())) {
        throw new KubeException.Conflict(
            "update " + collection + " " + name,
            "Operation cannot be fulfilled on "
                + quoted(collection, name)
                + ": the object has been modified");
      }
      ObjectNode updated = object.deepCopy();
      for (String fixed : List.of("uid", "creationTimestamp", "deletionTimestamp")) {
        keep(old, updated, fixed);
      }
      return changeIfDifferent(collection, old, updated);
    }
  }

  /** Changes an object. */
  public ObjectNode patch(String collection, ObjectName name, Patch patch) {
    synchronized (lock) {
      ObjectNode old = stored(collection, name);
      return changeIfDifferent(collection, old, Patches.apply(old, patch));
    }
  }

  /** Changes only status, labels and annotations of an object, as the status subresource does. */
  public ObjectNode patchStatus(String collection, ObjectName name, Patch patch) {
    synchronized (lock) {
      ObjectNode old = stored(collection, name);
      ObjectNode patched = Patches.apply(old, patch);
      ObjectNode updated = old.deepCopy();
      for (String part : List.of("labels", "annotations")) {
        copy(patched.withObjectProperty("metadata"), updated.withObjectProperty("metadata"), part);
      }
      copy(patched, updated, "status");
      return changeIfDifferent(collection, old, updated);
    }
  }

  /** Deletes an object; a pod on a node first gets its time to end. */
  public void delete(String collection, ObjectName name, DeleteRequest request) {
    synchronized (lock) {
      ObjectNode object = stored(collection, name);
      JsonNode metadata = object.get("metadata");
      if (request.uid().filter(uid -> !uid.equals(metadata.path("uid").asText())).isPresent()) {
        throw new KubeException.Conflict(
            "delete " + collection + " " + name, "the UID in the precondition does not match");
      }
      long grace =
          request
              .graceSeconds()
              .orElse(object.at("/spec/terminationGracePeriodSeconds").asLong(30));
      if (collection.equals("v1/pods")
          && grace > 0
          && !object.at("/spec/nodeName").asText("").isEmpty()) {
        ObjectNode ending = object.deepCopy();
        ending
            .withObjectProperty("metadata")
            .put("deletionTimestamp", text(clock.instant().plusSeconds(grace)))
            .put("deletionGracePeriodSeconds", grace);
        changeIfDifferent(collection, object, ending);
        return;
      }
      all(collection).remove(name);
      change(collection, "DELETED", object.deepCopy());
    }
  }

  /** Opens a watch. */
  Watcher watch(String collection, Selection selection, String fromVersion) {
    synchronized (lock) {
      long from = fromVersion.isEmpty() ? version : Long.parseLong(fromVersion);
      if (from > 0 && from < forgottenUpTo) {
        throw new KubeException.Gone("watch " + collection, "too old resource version: " + from);
      }
      Watcher watcher = new Watcher(collection, selection, new LinkedBlockingQueue<>());
      if (from == 0) {
        list(collection, selection)
            .forEach(object -> send(watcher, new Change(version, collection, "ADDED", object)));
      } else {
        history.stream().filter(change -> change.version() > from).forEach(c -> send(watcher, c));
      }
      watchers.add(watcher);
      return watcher;
    }
  }

  void close(Watcher watcher) {
    synchronized (lock) {
      watchers.remove(watcher);
    }
    watcher.signals().add(new Signal.Ended());
  }

  /** How many watches are open. */
  public int openWatches() {
    synchronized (lock) {
      return watchers.size();
    }
  }

  /** Tells every watch how far the history has come. */
  public void bookmark() {
    synchronized (lock) {
      ObjectNode object = Patches.node();
      object.putObject("metadata").put("resourceVersion", Long.toString(version));
      for (Watcher watcher : watchers) {
        watcher
            .signals()
            .add(new Signal.Changed(new Change(version, watcher.collection(), "BOOKMARK", object)));
      }
    }
  }

  /** Ends every watch in the regular way. */
  public void endWatches() {
    end(new Signal.Ended());
  }

  /** Breaks the connection of every watch. */
  public void cutWatches() {
    end(new Signal.Failed(new KubeException.Unavailable("watch", "the connection broke", null)));
  }

  /** Forgets the history: watches fail with Gone, also new ones from versions before now. */
  public void forgetHistory() {
    synchronized (lock) {
      history.clear();
      forgottenUpTo = ++version;
    }
    end(new Signal.Failed(new KubeException.Gone("watch", "too old resource version")));
  }

  private void end(Signal signal) {
    synchronized (lock) {
      watchers.forEach(watcher -> watcher.signals().add(signal));
      watchers.clear();
    }
  }

  @GuardedBy("lock")
  private ObjectNode changeIfDifferent(String collection, ObjectNode old, ObjectNode updated) {
    keep(old, updated, "resourceVersion");
    return updated.equals(old) ? old.deepCopy() : change(collection, "MODIFIED", updated);
  }

  @GuardedBy("lock")
  private ObjectNode change(String collection, String type, ObjectNode object) {
    version++;
    object.withObjectProperty("metadata").put("resourceVersion", Long.toString(version));
    if (!type.equals("DELETED")) {
      all(collection).put(nameOf(object), object);
    }
    Change change = new Change(version, collection, type, object.deepCopy());
    history.add(change);
    watchers.forEach(watcher -> send(watcher, change));
    return object.deepCopy();
  }

  private static void send(Watcher watcher, Change change) {
    if (watcher.collection().equals(change.collection())
        && Selectors.matches(watcher.selection(), change.object())) {
      watcher.signals().add(new Signal.Changed(change));
    }
  }

  @GuardedBy("lock")
  private Map<ObjectName, ObjectNode> all(String collection) {
    return objects.computeIfAbsent(collection, _ -> new TreeMap<>());
  }

  @GuardedBy("lock")
  private ObjectNode stored(String collection, ObjectName name) {
    return Optional.ofNullable(all(collection).get(name))
        .orElseThrow(
            () ->
                new KubeException.NotFound(
                    "use " + collection + " " + name, quoted(collection, name) + " not found"));
  }

  private static void keep(ObjectNode old, ObjectNode updated, String field) {
    copy(old.withObjectProperty("metadata"), updated.withObjectProperty("metadata"), field);
  }

  private static void copy(ObjectNode from, ObjectNode to, String field) {
    JsonNode value = from.get(field);
    if (value == null) {
      to.remove(field);
    } else {
      to.set(field, value.deepCopy());
    }
  }

  private static ObjectName nameOf(ObjectNode object) {
    return new ObjectName(
        object.at("/metadata/namespace").asText(""), object.at("/metadata/name").asText());
  }

  private static String quoted(String collection, ObjectName name) {
    return Arrays.asList(collection.split("/")).getLast() + " \"" + name.name() + "\"";
  }

  private String now() {
    return text(clock.instant());
  }

  private static String text(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
