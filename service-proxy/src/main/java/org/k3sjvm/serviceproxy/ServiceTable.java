package org.k3sjvm.serviceproxy;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.serviceproxy.choose.Topology;
import org.k3sjvm.serviceproxy.health.HealthServers;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.ServiceFacts;
import org.k3sjvm.serviceproxy.model.ServiceSpec;
import org.k3sjvm.serviceproxy.model.Slice;
import org.k3sjvm.serviceproxy.model.SpecReader;

/** What the API server says, kept small by the watching threads and read by the proxy's own. */
final class ServiceTable {
  static final String SERVICE_NAME = "kubernetes.io/service-name";
  private static final String ZONE = "topology.kubernetes.io/zone";
  private static final String TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler";

  private final String node;
  private final Runnable queued;
  private final Triggers triggers = new Triggers(Instant.now());
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Map<ObjectName, ServiceSpec> services = new HashMap<>();

  /** Services that load balancers ask for. */
  @GuardedBy("lock")
  private final Set<ObjectName> asked = new HashSet<>();

  /** By the service that they belong to; most have one. */
  @GuardedBy("lock")
  private final Map<ObjectName, List<NamedSlice>> slices = new HashMap<>();

  @GuardedBy("lock")
  private final Map<ObjectName, ObjectName> serviceOfSlice = new HashMap<>();

  @GuardedBy("lock")
  private Set<ObjectName> dirty = new HashSet<>();

  @GuardedBy("lock")
  private boolean servicesComplete;

  @GuardedBy("lock")
  private boolean slicesComplete;

  @GuardedBy("lock")
  private Topology topology;

  @GuardedBy("lock")
  private boolean eligible = true;

  /** What holds while the API server has not told everything; never mixed with what it told. */
  @GuardedBy("lock")
  private Optional<ServiceFacts> former = Optional.empty();

  @GuardedBy("lock")
  private Set<ObjectName> formerDirty = Set.of();

  /** Counts changes. */
  @GuardedBy("lock")
  private long version = 1;

  private record NamedSlice(String name, Slice slice) {}

  /** A service and its endpoints as they are; a service that is gone has no spec. */
  record Snapshot(Optional<ServiceSpec> service, List<Slice> slices) {}

  /**
   * Services that changed.
   *
   * @param told whether the API server has told everything; the first time, all services are here
   */
  record Changes(Set<ObjectName> names, boolean told) {}

  /**
   * Knows nothing yet.
   *
   * @param queued is called when there is something to do; it must not block
   */
  ServiceTable(String node, Runnable queued) {
    this.node = node;
    this.queued = queued;
    this.topology = new Topology(node, "");
  }

  void onService(ReflectorEvent<Service> event) {
    switch (event) {
      case ReflectorEvent.Added<Service>(Service service) -> put(service);
      case ReflectorEvent.Modified<Service>(Service service) -> put(service);
      case ReflectorEvent.Deleted<Service>(ObjectName name, _) -> put(name, Optional.empty());
      case ReflectorEvent.Recalled<Service> _ -> {}
      case ReflectorEvent.Synced<Service> _ -> complete(true, false);
    }
  }

  void onSlice(ReflectorEvent<EndpointSlice> event) {
    switch (event) {
      case ReflectorEvent.Added<EndpointSlice>(EndpointSlice slice) -> put(slice);
      case ReflectorEvent.Modified<EndpointSlice>(EndpointSlice slice) -> put(slice);
      case ReflectorEvent.Deleted<EndpointSlice>(ObjectName name, _) ->
          put(name, Optional.empty(), Optional.empty());
      case ReflectorEvent.Recalled<EndpointSlice> _ -> {}
      case ReflectorEvent.Synced<EndpointSlice> _ -> complete(false, true);
    }
  }

  /** The own node: its zone, and whether balancers may send it connections. */
  void onNode(ReflectorEvent<Node> event) {
    switch (event) {
      case ReflectorEvent.Added<Node>(Node own) -> put(own);
      case ReflectorEvent.Modified<Node>(Node own) -> put(own);
      case ReflectorEvent.Deleted<Node> _ -> {}
      case ReflectorEvent.Recalled<Node> _ -> {}
      case ReflectorEvent.Synced<Node> _ -> {}
    }
  }

  /** Waits until there is a change to be served; without names when late. */
  Changes awaitChange(Duration limit) throws InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (left > 0 && !hasChanges()) {
        left = changed.awaitNanos(left);
      }
      Set<ObjectName> result = complete() ? dirty : formerDirty;
      if (complete()) {
        dirty = new HashSet<>();
      }
      formerDirty = Set.of();
      return new Changes(result, complete());
    } finally {
      lock.unlock();
    }
  }

  /** Waits until it is known what to serve. */
  void awaitKnown() throws InterruptedException {
    lock.lock();
    try {
      while (!complete() && former.isEmpty()) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until everything that exists has been told; says whether it came so within a time. */
  boolean awaitTold(Duration limit) throws InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (left > 0 && !complete()) {
        left = changed.awaitNanos(left);
      }
      return complete();
    } finally {
      lock.unlock();
    }
  }

  /** Takes what was known before for what there is, until the API server has told everything. */
  void believe(ServiceFacts facts) {
    lock.lock();
    try {
      if (complete()) {
        return;
      }
      former = Optional.of(facts);
      formerDirty = facts.names();
      if (topology.zone().isEmpty()) {
        topology = new Topology(node, facts.zone());
      }
      queued.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** What the API server told, all of it; empty before that. */
  Optional<ServiceFacts> told() {
    lock.lock();
    try {
      if (!complete()) {
        return Optional.empty();
      }
      Map<ObjectName, List<Slice>> endpoints = new HashMap<>();
      slices.forEach(
          (name, of) -> endpoints.put(name, of.stream().map(NamedSlice::slice).toList()));
      return Optional.of(new ServiceFacts(node, topology.zone(), services, endpoints));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until the API server has told everything and that is of another version; late it returns
   * the one given.
   */
  long awaitOther(long seen, Duration limit) throws InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (left > 0 && !(complete() && version != seen)) {
        left = changed.awaitNanos(left);
      }
      return complete() ? version : seen;
    } finally {
      lock.unlock();
    }
  }

  Snapshot snapshot(ObjectName name) {
    lock.lock();
    try {
      if (former.isPresent()) {
        ServiceFacts facts = former.get();
        return new Snapshot(
            Optional.ofNullable(facts.services().get(name)),
            facts.slices().getOrDefault(name, List.of()));
      }
      return new Snapshot(
          Optional.ofNullable(services.get(name)),
          slices.getOrDefault(name, List.of()).stream().map(NamedSlice::slice).toList());
    } finally {
      lock.unlock();
    }
  }

  /** What load balancers are to hear, by service. */
  Map<ObjectName, HealthServers.Check> checks() {
    Map<ObjectName, HealthServers.Check> checks = new HashMap<>();
    lock.lock();
    try {
      for (ObjectName name : former.map(ServiceFacts::names).orElse(asked)) {
        Snapshot now = snapshot(name);
        now.service()
            .filter(service -> service.healthCheckPort() != 0)
            .ifPresent(
                service ->
                    checks.put(
                        name,
                        new HealthServers.Check(
                            service.healthCheckPort(), localReady(service, now.slices()))));
      }
    } finally {
      lock.unlock();
    }
    return checks;
  }

  /** In the service's first family. */
  private static int localReady(ServiceSpec service, List<Slice> slices) {
    return (int)
        slices.stream()
            .flatMap(slice -> slice.endpoints().stream())
            .filter(endpoint -> endpoint.local() && endpoint.ready())
            .map(Slice.Endpoint::address)
            .filter(address -> address.length() == service.clusterIps().getFirst().length())
            .distinct()
            .count();
  }

  Topology topology() {
    lock.lock();
    try {
      return topology;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the node is to get new connections from outside. */
  boolean eligible() {
    lock.lock();
    try {
      return eligible;
    } finally {
      lock.unlock();
    }
  }

  /** Whether there are changes that nobody has taken. */
  boolean pending() {
    lock.lock();
    try {
      return hasChanges();
    } finally {
      lock.unlock();
    }
  }

  private void put(Service service) {
    put(interned(ObjectName.of(service)), SpecReader.service(service));
  }

  private void put(ObjectName name, Optional<ServiceSpec> spec) {
    lock.lock();
    try {
      ServiceSpec before =
          spec.isPresent() ? services.put(name, spec.get()) : services.remove(name);
      if (!Optional.ofNullable(before).equals(spec)) {
        touch(name);
      }
      if (spec.map(ServiceSpec::healthCheckPort).orElse(0) == 0) {
        asked.remove(name);
      } else {
        asked.add(name);
      }
    } finally {
      lock.unlock();
    }
  }

  private void put(EndpointSlice slice) {
    ObjectName name = interned(ObjectName.of(slice));
    Map<String, String> labels = slice.getMetadata().getLabels();
    Optional<ObjectName> service =
        Optional.ofNullable(labels == null ? null : labels.get(SERVICE_NAME))
            .filter(text -> !text.isEmpty())
            .map(text -> new ObjectName(name.namespace(), text));
    Optional<Slice> read = SpecReader.slice(slice, node);
    if (put(name, service, read)) {
      read.ifPresent(one -> triggers.changed(slice, one.family()));
    }
  }

  /** When pods changed whose endpoints were told since the last call. */
  Map<Family, List<Instant>> takeTriggers() {
    return triggers.take();
  }

  /** A slice may change its service; says whether anything changed. */
  @CanIgnoreReturnValue
  private boolean put(ObjectName name, Optional<ObjectName> service, Optional<Slice> slice) {
    lock.lock();
    try {
      long seen = version;
      ObjectName before = serviceOfSlice.get(name);
      if (before != null && (slice.isEmpty() || !Optional.of(before).equals(service))) {
        serviceOfSlice.remove(name);
        replace(before, name, Optional.empty());
      }
      if (service.isPresent() && slice.isPresent()) {
        ObjectName owner = before != null && before.equals(service.get()) ? before : service.get();
        serviceOfSlice.put(name, owner);
        replace(owner, name, slice);
      }
      return version != seen;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void replace(ObjectName service, ObjectName name, Optional<Slice> slice) {
    List<NamedSlice> before = slices.getOrDefault(service, List.of());
    List<NamedSlice> after = new ArrayList<>(before);
    after.removeIf(there -> there.name().equals(name.name()));
    slice.ifPresent(s -> after.add(new NamedSlice(name.name(), s)));
    if (after.isEmpty()) {
      slices.remove(service);
    } else {
      slices.put(service, List.copyOf(after));
    }
    if (!new HashSet<>(before).equals(new HashSet<>(after))) {
      touch(service);
    }
  }

  private void put(Node own) {
    Map<String, String> labels = own.getMetadata().getLabels();
    String zone = labels == null ? "" : labels.getOrDefault(ZONE, "");
    boolean leaving =
        own.getMetadata().getDeletionTimestamp() != null
            || (own.getSpec() != null
                && own.getSpec().getTaints() != null
                && own.getSpec().getTaints().stream()
                    .anyMatch(taint -> TO_BE_DELETED.equals(taint.getKey())));
    lock.lock();
    try {
      eligible = !leaving;
      if (!topology.zone().equals(zone)) {
        topology = new Topology(node, zone);
        dirty.addAll(services.keySet());
        version++;
        queued.run();
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private void complete(boolean allServices, boolean allSlices) {
    lock.lock();
    try {
      servicesComplete |= allServices;
      slicesComplete |= allSlices;
      if (complete()) {
        former.ifPresent(facts -> dirty.addAll(facts.names()));
        former = Optional.empty();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean hasChanges() {
    return complete() ? !dirty.isEmpty() : !formerDirty.isEmpty();
  }

  @GuardedBy("lock")
  private boolean complete() {
    return servicesComplete && slicesComplete;
  }

  @GuardedBy("lock")
  private void touch(ObjectName service) {
    dirty.add(service);
    version++;
    queued.run();
    changed.signalAll();
  }

  /** There are few namespaces, and each object brings a copy of its name. */
  private static ObjectName interned(ObjectName name) {
    return new ObjectName(name.namespace().intern(), name.name());
  }
}
