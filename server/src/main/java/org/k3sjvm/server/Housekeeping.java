package org.k3sjvm.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.DeleteOptions;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.auth.BootstrapTokens;
import org.k3sjvm.server.store.StoreException;
import org.k3sjvm.server.store.StoredObject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the datastore small: forgets old history, events after an hour, and tokens in time. */
public final class Housekeeping implements Service {
  private static final Logger log = LoggerFactory.getLogger(Housekeeping.class);

  /** Source: kube-apiserver v1.32 --event-ttl. */
  private static final Duration EVENT_LIFE = Duration.ofHours(1);

  /** Source: kube-apiserver v1.32 --etcd-compaction-interval. */
  private static final Duration EVERY = Duration.ofMinutes(5);

  /** Changes that a watch may still be told: about 5 minutes of a busy small cluster. */
  private static final int HISTORY = 5000;

  private final Registry registry;
  private final InstantSource clock;
  private final Sleeper sleeper;

  public Housekeeping(Registry registry, InstantSource clock, Sleeper sleeper) {
    this.registry = registry;
    this.clock = clock;
    this.sleeper = sleeper;
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      sleeper.sleep(EVERY);
      try {
        expireEvents();
        expireTokens();
        registry.store().compact(HISTORY);
      } catch (StoreException e) {
        log.atWarn().setCause(e).addKeyValue("retryIn", EVERY).log("datastore could not be tidied");
      }
    }
  }

  /** Deletes events that nobody repeated for an hour. */
  void expireEvents() {
    Instant limit = clock.instant().minus(EVENT_LIFE);
    for (StoredObject stored : registry.store().list(Kinds.EVENT.prefix(), "", 0).objects()) {
      ObjectNode event = Trees.parse(stored.value());
      if (lastSeen(event).filter(seen -> seen.isBefore(limit)).isPresent()) {
        delete(Kinds.EVENT, event);
      }
    }
  }

  /** Deletes bootstrap tokens whose time is over; they let nobody in before, either. */
  void expireTokens() {
    for (ObjectNode secret :
        registry.list(Kinds.SECRET, BootstrapTokens.NAMESPACE, Selection.ALL)) {
      if (BootstrapTokens.hasExpired(secret, clock.instant())) {
        delete(Kinds.SECRET, secret);
      }
    }
  }

  private void delete(Kind kind, ObjectNode object) {
    try {
      registry.delete(
          Target.self(kind, Meta.namespace(object)),
          Meta.name(object),
          DeleteOptions.of(Meta.uid(object)));
    } catch (ApiException e) {
      log.atDebug().setCause(e).addKeyValue("object", Meta.key(object)).log("what is over stays");
    }
  }

  private static Optional<Instant> lastSeen(ObjectNode event) {
    return Trees.instant(event, "series", "lastObservedTime")
        .or(() -> Trees.instant(event, "lastTimestamp"))
        .or(() -> Trees.instant(event, "eventTime"))
        .or(() -> Trees.instant(event, "metadata", "creationTimestamp"));
  }
}
