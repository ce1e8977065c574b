package org.k3sjvm.server.control.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Selection;

/**
 * The objects of one kind, as the API server last told, or as we last wrote them.
 *
 * <p>A controller that has written an object says so with {@link #wrote}, and one that has deleted
 * with {@link #deleted}, so that its next decision sees its own work although the watch has not
 * caught up: what client-go solves with expectations. Objects in here are shared and must not be
 * changed. Thread-safe; change listeners are called on the reflector's thread, or on the writer's.
 */
public final class ObjectCache<T extends HasMetadata> {
  /** What happened to an object; one of both is there. */
  public record Change<T>(Optional<T> before, Optional<T> after) {
    /** The newest state that is known. */
    public T newest() {
      return after.or(() -> before).orElseThrow();
    }
  }

  private static final int MOST_GONE_REMEMBERED = 256;

  private final Resource<T> resource;
  private final Selection selection;
  private final Gate<Boolean> synced;
  private final List<Consumer<Change<T>>> listeners = new ArrayList<>();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final NavigableMap<ObjectName, T> objects = new TreeMap<>();

  @GuardedBy("lock")
  private final Set<String> deletedUids = new HashSet<>();

  /** So that an answer to a write which arrives late does not bring an object back. */
  @GuardedBy("lock")
  private final Set<String> goneUids = new LinkedHashSet<>();

  public ObjectCache(Resource<T> resource, Selection selection) {
    this.resource = resource;
    this.selection = selection;
    this.synced = new Gate<>(resource.plural() + " synced");
  }

  public Resource<T> resource() {
    return resource;
  }

  /** Opens after the first list. */
  public Gate<Boolean> synced() {
    return synced;
  }

  /** Adds a listener; only before the reflector runs. */
  public void onChange(Consumer<Change<T>> listener) {
    listeners.add(listener);
  }

  /** Follows the API server until interrupted. */
  public Service reflector(KubeApi api) {
    return new Reflector<>(api, resource, selection, this::take);
  }

  public Optional<T> find(ObjectName name) {
    synchronized (lock) {
      return Optional.ofNullable(objects.get(name));
    }
  }

  /** Every object, sorted by namespace and name. */
  public List<T> all() {
    synchronized (lock) {
      return List.copyOf(objects.values());
    }
  }

  /** Every object of a namespace, sorted by name. */
  public List<T> in(String namespace) {
    synchronized (lock) {
      List<T> found = new ArrayList<>();
      for (T object : objects.tailMap(new ObjectName(namespace, "\0"), true).values()) {
        if (!namespaceOf(object).equals(namespace)) {
          break;
        }
        found.add(object);
      }
      return found;
    }
  }

  /** Whether an object is being deleted, by its timestamp or because we asked for it. */
  public boolean isDeleting(T object) {
    if (object.getMetadata().getDeletionTimestamp() != null) {
      return true;
    }
    synchronized (lock) {
      return deletedUids.contains(object.getMetadata().getUid());
    }
  }

  /** Whether we asked for the object of that uid to be deleted. */
  public boolean isDeletingUid(String uid) {
    synchronized (lock) {
      return deletedUids.contains(uid);
    }
  }

  /** Takes over what a write returned. */
  public void wrote(T object) {
    put(object);
  }

  /** Remembers that the object of that uid was deleted, or began to be. */
  public void deleted(String uid) {
    synchronized (lock) {
      deletedUids.add(uid);
    }
  }

  private void take(ReflectorEvent<T> event) {
    switch (event) {
      case ReflectorEvent.Added<T>(T object) -> put(object);
      case ReflectorEvent.Modified<T>(T object) -> put(object);
      case ReflectorEvent.Deleted<T>(ObjectName name, String uid) -> remove(name, uid);
      case ReflectorEvent.Synced<T> _ -> synced.open(true);
      case ReflectorEvent.Recalled<T> _ -> {}
    }
  }

  private void put(T object) {
    ObjectName name = ObjectName.of(object);
    T before;
    synchronized (lock) {
      before = objects.get(name);
      boolean old = before != null && version(object) <= version(before);
      if (old || goneUids.contains(object.getMetadata().getUid())) {
        return;
      }
      objects.put(name, object);
    }
    tell(before, object);
  }

  private void remove(ObjectName name, String uid) {
    T before;
    synchronized (lock) {
      deletedUids.remove(uid);
      remember(uid);
      before = objects.get(name);
      if (before == null || !before.getMetadata().getUid().equals(uid)) {
        return;
      }
      objects.remove(name);
    }
    tell(before, null);
  }

  @GuardedBy("lock")
  private void remember(String goneUid) {
    goneUids.add(goneUid);
    if (goneUids.size() > MOST_GONE_REMEMBERED) {
      Iterator<String> oldest = goneUids.iterator();
      oldest.next();
      oldest.remove();
    }
  }

  private void tell(@Nullable T before, @Nullable T after) {
    Change<T> change = new Change<>(Optional.ofNullable(before), Optional.ofNullable(after));
    for (Consumer<Change<T>> listener : listeners) {
      listener.accept(change);
    }
  }

  private static String namespaceOf(HasMetadata object) {
    String namespace = object.getMetadata().getNamespace();
    return namespace == null ? "" : namespace;
  }

  /** Versions of one server are numbers that grow. Source: Kubernetes KEP-5504. */
  private static long version(HasMetadata object) {
    String text = object.getMetadata().getResourceVersion();
    return text == null || text.isEmpty() ? 0 : Long.parseLong(text);
  }
}
