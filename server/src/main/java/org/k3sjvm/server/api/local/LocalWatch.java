package org.k3sjvm.server.api.local;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Watch;
import org.k3sjvm.kube.WatchEvent;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.StoreEvent;
import org.k3sjvm.server.store.StoreWatch;
import org.k3sjvm.server.store.StoreWatch.Next;

/** A store watch as the port's watch. */
final class LocalWatch<T extends HasMetadata> implements Watch<T> {
  private final Resource<T> resource;
  private final Selection selection;
  private final StoreWatch watch;
  private final InstantSource clock;
  private final Instant end;
  private volatile boolean closed;

  LocalWatch(
      Resource<T> resource,
      Selection selection,
      StoreWatch watch,
      InstantSource clock,
      Instant end) {
    this.resource = resource;
    this.selection = selection;
    this.watch = watch;
    this.clock = clock;
    this.end = end;
  }

  @Override
  public Optional<WatchEvent<T>> next() throws InterruptedException {
    while (true) {
      Duration left = Duration.between(clock.instant(), end);
      switch (watch.take(left.isNegative() ? Duration.ZERO : left)) {
        case Next.Event(StoreEvent event) -> {
          Optional<WatchEvent<T>> seen = seen(event);
          if (seen.isPresent()) {
            return seen;
          }
        }
        case Next.Quiet(long _) -> {
          return Optional.empty();
        }
        case Next.Cut(String reason) -> {
          if (closed) {
            return Optional.empty();
          }
          throw new KubeException.Unavailable("watch " + resource, reason, null);
        }
      }
    }
  }

  private Optional<WatchEvent<T>> seen(StoreEvent event) {
    boolean now =
        event.type() != StoreEvent.Type.DELETED && matches(Optional.of(event.object().value()));
    boolean before = event.type() != StoreEvent.Type.CREATED && matches(event.before());
    if (!now && !before) {
      return Optional.empty();
    }
    T object = LocalKubeApi.read(resource, event.object().value());
    if (!now) {
      return Optional.of(new WatchEvent.Deleted<>(object));
    }
    return Optional.of(before ? new WatchEvent.Modified<>(object) : new WatchEvent.Added<>(object));
  }

  private boolean matches(Optional<byte[]> json) {
    return selection.all() || json.map(bytes -> selection.matches(Trees.parse(bytes))).orElse(true);
  }

  @Override
  public void close() {
    closed = true;
    watch.close();
  }
}
