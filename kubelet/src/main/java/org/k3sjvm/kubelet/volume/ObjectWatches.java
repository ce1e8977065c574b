package org.k3sjvm.kubelet.volume;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Selection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells pods at once when an object that their volumes are made of has changed: one watch for each
 * object, by name, which is all that the node authorizer allows.
 *
 * <p>Nothing of an object is kept but a count of its changes. A watch costs a stream of the one
 * connection to the server and about 25 KiB, so there are at most {@link #MOST}; the objects beyond
 * are read again at each sync of the pod. So is the authority that every pod mounts and that hardly
 * ever changes. An immutable object is neither watched nor read again. Source: kubelet v1.36
 * pkg/kubelet/util/manager/watch_based_manager.go.
 */
final class ObjectWatches implements Service {
  private static final Logger log = LoggerFactory.getLogger(ObjectWatches.class);

  /** API servers allow 100 streams on a connection, and other requests need some. */
  static final int MOST = 48;

  /** In each namespace; changes when the cluster's authority does. */
  private static final String AUTHORITY = "kube-root-ca.crt";

  /** Many pods that start together have other things to do first. */
  private static final Duration SETTLE = Duration.ofSeconds(1);

  private static final class Followed {
    final Set<String> pods = new HashSet<>();
    String version = "";
    long changes;
    boolean established;
    boolean immutable;
    @Nullable Thread watch;
  }

  private final KubeApi api;
  private final Sleeper sleeper;
  private final Consumer<Set<String>> changed;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<ObjectKey, Followed> all = new HashMap<>();

  @GuardedBy("lock")
  private int watches;

  @GuardedBy("lock")
  private boolean running;

  /**
   * No watches yet.
   *
   * @param changed is told the uids of the pods that use a changed object, on the watch's thread
   */
  ObjectWatches(KubeApi api, Sleeper sleeper, Consumer<Set<String>> changed) {
    this.api = api;
    this.sleeper = sleeper;
    this.changed = changed;
  }

  /** Watches until interrupted; what pods want before that is watched from then on. */
  @Override
  public void run() throws InterruptedException {
    List<Thread> ending = new ArrayList<>();
    try {
      synchronized (lock) {
        running = true;
        for (var entry : all.entrySet()) {
          watchIfUseful(entry.getKey(), entry.getValue());
        }
      }
      new CountDownLatch(1).await(); // until the interrupt
    } finally {
      synchronized (lock) {
        running = false;
        for (Followed followed : all.values()) {
          end(followed, ending);
        }
      }
      for (Thread thread : ending) {
        joinFully(thread);
      }
    }
  }

  /** From now on these are the objects of the pod. */
  void want(String podUid, Set<ObjectKey> keys) {
    synchronized (lock) {
      all.forEach(
          (key, followed) -> {
            if (!keys.contains(key)) {
              followed.pods.remove(podUid);
            }
          });
      dropUnused();
      for (ObjectKey key : keys) {
        Followed followed = all.computeIfAbsent(key, _ -> new Followed());
        followed.pods.add(podUid);
        watchIfUseful(key, followed);
      }
    }
  }

  /** Nothing more is wanted for the pod. */
  void drop(String podUid) {
    want(podUid, Set.of());
  }

  /** How often an object has changed since a pod wanted it; 0 when none does. */
  long changes(ObjectKey key) {
    synchronized (lock) {
      Followed followed = all.get(key);
      return followed == null ? 0 : followed.changes;
    }
  }

  /** Whether every change of the object is counted: what was read at this count is the newest. */
  boolean isFollowed(ObjectKey key) {
    synchronized (lock) {
      Followed followed = all.get(key);
      return followed != null && (followed.established || followed.immutable);
    }
  }

  /**
   * An object was read.
   *
   * @param version empty when there is none
   */
  void seen(ObjectKey key, String version, boolean immutable) {
    synchronized (lock) {
      Followed followed = all.get(key);
      if (followed != null) {
        followed.version = version;
        if (immutable && !followed.immutable) {
          followed.immutable = true;
          end(followed, new ArrayList<>());
        }
      }
    }
  }

  /** How many watches are open. */
  int open() {
    synchronized (lock) {
      return watches;
    }
  }

  @GuardedBy("lock")
  private void dropUnused() {
    for (var each = all.values().iterator(); each.hasNext(); ) {
      Followed followed = each.next();
      if (followed.pods.isEmpty()) {
        end(followed, new ArrayList<>());
        each.remove();
      }
    }
  }

  @GuardedBy("lock")
  private void watchIfUseful(ObjectKey key, Followed followed) {
    boolean useful =
        running
            && followed.watch == null
            && !followed.immutable
            && !key.name().name().equals(AUTHORITY);
    if (!useful || watches >= MOST) {
      return;
    }
    watches++;
    followed.watch =
        Thread.ofVirtual()
            .name("volume-watch-" + key.name())
            .start(() -> follow(key, followed, key.kind().resource()));
  }

  @GuardedBy("lock")
  private void end(Followed followed, List<Thread> ended) {
    if (followed.watch != null) {
      followed.watch.interrupt();
      ended.add(followed.watch);
      followed.watch = null;
      followed.established = false;
      watches--;
    }
  }

  private <T extends HasMetadata> void follow(
      ObjectKey key, Followed followed, Resource<T> resource) {
    try {
      sleeper.sleep(SETTLE);
      new Reflector<>(api, resource, Selection.named(key.name()), event -> on(key, followed, event))
          .run();
    } catch (InterruptedException e) {
      log.atDebug().addKeyValue("object", key.name()).log("object is not followed any more");
    } catch (RuntimeException e) {
      log.atError().setCause(e).addKeyValue("object", key.name()).log("object watch failed");
    }
  }

  private <T extends HasMetadata> void on(
      ObjectKey key, Followed followed, ReflectorEvent<T> event) {
    switch (event) {
      case ReflectorEvent.Added<T>(T object) ->
          changed(key, followed, object.getMetadata().getResourceVersion());
      case ReflectorEvent.Modified<T>(T object) ->
          changed(key, followed, object.getMetadata().getResourceVersion());
      case ReflectorEvent.Deleted<T> _ -> changed(key, followed, "");
      case ReflectorEvent.Recalled<T> _ -> {}
      case ReflectorEvent.Synced<T> _ -> {
        synchronized (lock) {
          followed.established = Thread.currentThread().equals(followed.watch);
        }
      }
    }
  }

  private void changed(ObjectKey key, Followed followed, String version) {
    Set<String> pods;
    synchronized (lock) {
      if (followed.version.equals(version) || !Thread.currentThread().equals(followed.watch)) {
        return;
      }
      followed.version = version;
      followed.changes++;
      pods = Set.copyOf(followed.pods);
    }
    log.atDebug().addKeyValue("object", key.name()).log("object of a volume changed");
    changed.accept(pods);
  }

  private static void joinFully(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
