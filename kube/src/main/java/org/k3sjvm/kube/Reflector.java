package org.k3sjvm.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.backoff.RetryLog;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Lists and watches one selection of one kind for ever and tells a listener what changed.
 *
 * <p>It remembers names, uids and versions only; who needs the objects keeps them. A listener is
 * called on the reflector's thread, one event at a time, and never sees the same version twice in a
 * row, nor an object without a name, which no API server sends. Source: client-go v0.36
 * tools/cache/reflector.go.
 */
public final class Reflector<T extends HasMetadata> implements Service {
  private static final Logger log = LoggerFactory.getLogger(Reflector.class);

  private static final Backoff BACKOFF =
      new Backoff(Duration.ofMillis(800), Duration.ofSeconds(30), 2, 1);

  /** What is only remembered is soon asked for again. */
  private static final Duration ASK_AGAIN = Duration.ofSeconds(5);

  /** A server that is away is away for every selection: this is not the place that tells often. */
  private static final Duration REMIND = Duration.ofMinutes(10);

  private static final Duration SHORT_WATCH = Duration.ofSeconds(1);
  private static final int SHORTEST_WATCH_SECONDS = 300;

  /** Is told of every change. */
  @FunctionalInterface
  public interface Listener<T> {
    void on(ReflectorEvent<T> event) throws InterruptedException;
  }

  /**
   * Time and chance, handed in for tests.
   *
   * @param sleeper may end a wait early when it need not be long any more
   */
  public record Surroundings(InstantSource clock, Sleeper sleeper, RandomGenerator random) {
    public static Surroundings of(KubeApi api) {
      return new Surroundings(
          InstantSource.system(), api.betweenTries(), RandomGenerator.of("L64X128MixRandom"));
    }
  }

  private record Known(String uid, String version) {}

  private final KubeApi api;
  private final Resource<T> resource;
  private final Selection selection;
  private final int pageSize;
  private final Listener<T> listener;
  private final Surroundings surroundings;

  private final Map<ObjectName, Known> known = new HashMap<>();
  private String version = "0";
  private boolean listed;
  private boolean synced;
  private boolean recalled;
  private int failures;
  private boolean toldOfNameless;
  private final RetryLog talk = new RetryLog(REMIND);

  /** Whether the watch of this step was accepted. */
  private boolean watching;

  /** A reflector that lists everything at once from the server's cache. */
  public Reflector(KubeApi api, Resource<T> resource, Selection selection, Listener<T> listener) {
    this(api, resource, selection, 0, listener, Surroundings.of(api));
  }

  /**
   * A reflector.
   *
   * @param pageSize items per page of a list; 0 for all at once from the server's cache
   */
  public Reflector(
      KubeApi api,
      Resource<T> resource,
      Selection selection,
      int pageSize,
      Listener<T> listener,
      Surroundings surroundings) {
    this.api = api;
    this.resource = resource;
    this.selection = selection;
    this.pageSize = pageSize;
    this.listener = listener;
    this.surroundings = surroundings;
  }

  /** Runs until interrupted. */
  @Override
  public void run() throws InterruptedException {
    while (true) {
      step();
    }
  }

  /** One list if one is due, then one watch; after a failure, the wait. */
  void step() throws InterruptedException {
    Instant began = surroundings.clock().instant();
    watching = false;
    try {
      if (!listed) {
        list();
      }
      if (!listed) {
        surroundings.sleeper().sleep(ASK_AGAIN);
        return;
      }
      boolean sawSomething = watch();
      if (!sawSomething && since(began).compareTo(SHORT_WATCH) < 0) {
        pause("the server ended the watch at once", Duration.ZERO);
      } else {
        failures = 0;
      }
    } catch (KubeException.Gone e) {
      relist(e);
    } catch (KubeException.Throttled e) {
      pause(e.statusMessage(), e.retryAfter());
    } catch (KubeException e) {
      if (watching && since(began).compareTo(SHORT_WATCH) >= 0) {
        failures = 0; // servers work, and another may be there at once
      }
      listed &= e instanceof KubeException.Unavailable;
      pause(e.statusMessage(), Duration.ZERO);
    }
  }

  private void relist(KubeException.Gone e) throws InterruptedException {
    boolean duringList = !listed;
    listed = false;
    if (duringList) {
      version = ""; // the server no longer has our version: take its newest state
      pause(e.statusMessage(), Duration.ZERO);
    }
  }

  private void list() throws InterruptedException {
    Set<ObjectName> present = new HashSet<>();
    String at = pageSize > 0 && version.equals("0") ? "" : version;
    String token = "";
    do {
      ObjectList<T> page =
          api.list(
              resource,
              new ListRequest(
                  selection, token.isEmpty() ? at : "", pageSize, token, !recalled && !synced));
      for (T object : page.items()) {
        Optional<ObjectName> name = nameOf(object);
        if (name.isPresent()) {
          present.add(name.get());
          present(name.get(), object);
        }
      }
      if (page.remembered()) {
        recalled();
        return;
      }
      token = page.continueToken();
      version = page.resourceVersion();
    } while (!token.isEmpty());
    for (ObjectName name : List.copyOf(known.keySet())) {
      if (!present.contains(name)) {
        absent(name);
      }
    }
    listed = true;
    if (!synced) {
      synced = true;
      listener.on(new ReflectorEvent.Synced<>());
    }
  }

  /** Nothing that is known is called gone: a server may know better. */
  private void recalled() throws InterruptedException {
    recalled = true;
    log.atDebug()
        .addKeyValue("resource", resource)
        .addKeyValue("selection", selection)
        .addKeyValue("objects", known.size())
        .log("the API server does not answer, going on with what it said last");
    listener.on(new ReflectorEvent.Recalled<>());
  }

  /** Says whether anything came. */
  private boolean watch() throws InterruptedException {
    int seconds = SHORTEST_WATCH_SECONDS + surroundings.random().nextInt(SHORTEST_WATCH_SECONDS);
    boolean sawSomething = false;
    try (Watch<T> watch =
        api.watch(resource, new WatchRequest(selection, version, Duration.ofSeconds(seconds)))) {
      watching = true;
      for (Optional<WatchEvent<T>> event = watch.next(); event.isPresent(); event = watch.next()) {
        sawSomething = true;
        failures = 0;
        take(event.get());
      }
    }
    return sawSomething;
  }

  private void take(WatchEvent<T> event) throws InterruptedException {
    switch (event) {
      case WatchEvent.Added<T>(T object) -> changed(object);
      case WatchEvent.Modified<T>(T object) -> changed(object);
      case WatchEvent.Deleted<T>(T object) -> {
        Optional<ObjectName> name = nameOf(object);
        if (name.isPresent()) {
          absent(name.get());
          reached(object);
        }
      }
      case WatchEvent.Bookmark<T>(String reached) -> version = reached;
    }
  }

  private void changed(T object) throws InterruptedException {
    Optional<ObjectName> name = nameOf(object);
    if (name.isPresent()) {
      present(name.get(), object);
      reached(object);
    }
  }

  /** Says so once, however many come. */
  private Optional<ObjectName> nameOf(T object) {
    ObjectMeta metadata = object.getMetadata();
    if (metadata != null && metadata.getName() != null && !metadata.getName().isEmpty()) {
      return Optional.of(ObjectName.of(object));
    }
    (toldOfNameless ? log.atDebug() : log.atWarn())
        .addKeyValue("resource", resource)
        .addKeyValue("selection", selection)
        .log("the API server sent an object without a name, leaving such objects out");
    toldOfNameless = true;
    return Optional.empty();
  }

  private void present(ObjectName name, T object) throws InterruptedException {
    ObjectMeta metadata = object.getMetadata();
    Known now = new Known(metadata.getUid(), metadata.getResourceVersion());
    Known before = known.get(name);
    if (now.equals(before)) {
      return;
    }
    if (before != null && !Objects.equals(before.uid(), now.uid())) {
      absent(name);
      before = null;
    }
    known.put(name, now);
    listener.on(
        before == null
            ? new ReflectorEvent.Added<>(object)
            : new ReflectorEvent.Modified<>(object));
  }

  private void absent(ObjectName name) throws InterruptedException {
    Known gone = known.remove(name);
    if (gone != null) {
      listener.on(new ReflectorEvent.Deleted<>(name, gone.uid()));
    }
  }

  private void reached(T object) {
    version = Objects.requireNonNullElse(object.getMetadata().getResourceVersion(), version);
  }

  private void pause(String why, Duration atLeast) throws InterruptedException {
    Duration usual = BACKOFF.after(failures++, surroundings.random());
    boolean soon = recalled && !synced && usual.compareTo(ASK_AGAIN) > 0;
    Duration wait = soon ? ASK_AGAIN : usual;
    Duration longer = wait.compareTo(atLeast) < 0 ? atLeast : wait;
    boolean news = !soon && talk.tells(why, surroundings.clock().instant());
    log.atLevel(news ? Level.WARN : Level.DEBUG)
        .addKeyValue("resource", resource)
        .addKeyValue("selection", selection)
        .addKeyValue("reason", why)
        .addKeyValue("retryIn", longer)
        .log("cannot follow the API server, trying again");
    Instant began = surroundings.clock().instant();
    surroundings.sleeper().sleep(longer);
    if (since(began).compareTo(longer.dividedBy(2)) < 0) {
      failures = 0; // an outage has ended: what fails now is another matter
    }
  }

  private Duration since(Instant began) {
    return Duration.between(began, surroundings.clock().instant());
  }
}
