package org.k3sjvm.server.control.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster as controllers see and change it: the API, one cache per kind however many use it,
 * events and time. Caches are asked for while controllers are put together; afterwards {@link
 * #follow} fills them.
 */
public final class Cluster {
  private static final Logger log = LoggerFactory.getLogger(Cluster.class);
  private static final Duration AFTER_FAULT = Duration.ofSeconds(10);

  private final KubeApi api;
  private final InstantSource clock;
  private final Events events;
  private final Map<String, ObjectCache<?>> caches = new LinkedHashMap<>();

  public Cluster(KubeApi api, InstantSource clock) {
    this.api = api;
    this.clock = clock;
    this.events = new Events(api, clock);
  }

  public KubeApi api() {
    return api;
  }

  public InstantSource clock() {
    return clock;
  }

  public Events events() {
    return events;
  }

  public ObjectCache<Pod> pods() {
    return cache(Resources.PODS);
  }

  public ObjectCache<Node> nodes() {
    return cache(Resources.NODES);
  }

  public ObjectCache<Namespace> namespaces() {
    return cache(Resources.NAMESPACES);
  }

  /** The cache of a kind, in the one form that all its users share. */
  public <T extends HasMetadata> ObjectCache<T> cache(Resource<T> resource) {
    return cache(resource, Selection.ALL);
  }

  /** The cache of a part of a kind; whoever asks first says which part. */
  public <T extends HasMetadata> ObjectCache<T> cache(Resource<T> resource, Selection selection) {
    String key = resource.apiVersion() + "/" + resource.plural();
    ObjectCache<?> cache = caches.computeIfAbsent(key, _ -> new ObjectCache<>(resource, selection));
    if (!cache.resource().type().equals(resource.type())) {
      throw new IllegalArgumentException(
          key + " is cached as " + cache.resource().type() + ", not " + resource.type());
    }
    @SuppressWarnings("unchecked") // the type was compared above
    ObjectCache<T> typed = (ObjectCache<T>) cache;
    return typed;
  }

  /** The cache of a kind, as whatever it is cached. */
  public ObjectCache<?> anyCache(Resource<Partial> resource) {
    ObjectCache<?> cache = caches.get(resource.apiVersion() + "/" + resource.plural());
    return cache == null ? cache(resource) : cache;
  }

  /** Starts a reflector per cache and returns when all have listed. */
  public void follow(ServiceGroup group) throws InterruptedException {
    List<ObjectCache<?>> all = List.copyOf(caches.values());
    for (ObjectCache<?> cache : all) {
      group.start("follow-" + cache.resource().plural(), () -> keepFollowing(cache));
    }
    for (ObjectCache<?> cache : all) {
      group.during(() -> cache.synced().await());
    }
  }

  /** One object that cannot be read must not end the work on all others. */
  private void keepFollowing(ObjectCache<?> cache) throws Exception {
    Service reflector = cache.reflector(api);
    while (true) {
      try {
        reflector.run();
      } catch (RuntimeException e) {
        log.atError()
            .setCause(e)
            .addKeyValue("resource", cache.resource())
            .addKeyValue("retryIn", AFTER_FAULT)
            .log("controllers cannot read an object; mend or delete it");
        Thread.sleep(AFTER_FAULT);
      }
    }
  }
}
