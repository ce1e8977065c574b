package org.k3sjvm.agent;

import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.join.HttpSupervisor;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinException;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Learns which servers the cluster has: at first from the supervisor, then from the endpoints of
 * the service {@code kubernetes}. Servers before v1.22 do not let agents read EndpointSlices, there
 * the older Endpoints serve. Source: k3s v1.36.3 pkg/agent/tunnel/tunnel.go.
 */
final class ServerWatch implements Service {
  private static final Logger log = LoggerFactory.getLogger(ServerWatch.class);

  private static final Duration EMPTY_RETRY = Duration.ofSeconds(5);
  private static final Duration FORBIDDEN_RETRY = Duration.ofSeconds(1);
  private static final int HTTPS_PORT = 443;
  private static final ObjectName KUBERNETES = new ObjectName("default", "kubernetes");
  private static final Selection SLICES =
      new Selection("default", "", "kubernetes.io/service-name=kubernetes");
  private static final Resource<Endpoints> ENDPOINTS =
      new Resource<>("v1", "endpoints", "Endpoints", Endpoints.class, true);

  private final Join supervisor;
  private final KubeApi controller;
  private final Consumer<List<HostPort>> first;
  private final Consumer<List<HostPort>> later;
  private final Sleeper sleeper;
  private final Map<ObjectName, List<HostPort>> known = new HashMap<>();

  /**
   * A watch.
   *
   * @param first is told once, at once
   * @param later is told of every change; the list may flap while a server starts
   */
  ServerWatch(
      Join supervisor,
      KubeApi controller,
      Consumer<List<HostPort>> first,
      Consumer<List<HostPort>> later,
      Sleeper sleeper) {
    this.supervisor = supervisor;
    this.controller = controller;
    this.first = first;
    this.later = later;
    this.sleeper = sleeper;
  }

  @Override
  public void run() throws InterruptedException {
    first.accept(askSupervisor());
    if (mayReadSlices()) {
      new Reflector<>(
              controller,
              Resources.ENDPOINT_SLICES,
              SLICES,
              event -> on(event, ServerWatch::addressesOf))
          .run();
    } else {
      new Reflector<>(
              controller,
              ENDPOINTS,
              Selection.named(KUBERNETES),
              event -> on(event, ServerWatch::addressesOf))
          .run();
    }
  }

  /**
   * Empty when the server does not know the question or fails to answer it: then the watch will
   * tell.
   */
  private List<HostPort> askSupervisor() throws InterruptedException {
    try (HttpSupervisor http = supervisor.connect()) {
      while (true) {
        List<HostPort> servers = http.apiServers();
        if (!servers.isEmpty()) {
          return servers;
        }
        sleeper.sleep(EMPTY_RETRY);
      }
    } catch (JoinException e) {
      log.atDebug().setCause(e).log("the supervisor does not list the servers");
      return List.of();
    }
  }

  private boolean mayReadSlices() throws InterruptedException {
    while (true) {
      try {
        controller.list(Resources.ENDPOINT_SLICES, new ListRequest(SLICES, "0", 0, ""));
        return true;
      } catch (KubeException.Forbidden | KubeException.NotFound e) {
        if (mayReadEndpoints()) {
          return false;
        }
      } catch (KubeException e) {
        log.atDebug().setCause(e).log("cannot list the servers yet");
      }
      sleeper.sleep(FORBIDDEN_RETRY);
    }
  }

  private boolean mayReadEndpoints() throws InterruptedException {
    try {
      return controller.find(ENDPOINTS, KUBERNETES).isPresent();
    } catch (KubeException e) {
      log.atDebug().setCause(e).log("cannot read the endpoints of the servers yet");
      return false;
    }
  }

  private <T extends HasMetadata> void on(
      ReflectorEvent<T> event, Function<T, List<HostPort>> addresses) {
    switch (event) {
      case ReflectorEvent.Added<T>(T object) ->
          known.put(ObjectName.of(object), addresses.apply(object));
      case ReflectorEvent.Modified<T>(T object) ->
          known.put(ObjectName.of(object), addresses.apply(object));
      case ReflectorEvent.Deleted<T>(ObjectName name, String _) -> known.remove(name);
      case ReflectorEvent.Synced<T>(), ReflectorEvent.Recalled<T>() -> {}
    }
    later.accept(known.values().stream().flatMap(List::stream).distinct().sorted().toList());
  }

  /** Ready endpoints, or those that say nothing about it, with the slice's first port. */
  static List<HostPort> addressesOf(EndpointSlice slice) {
    int port =
        slice.getPorts() == null || slice.getPorts().isEmpty()
            ? HTTPS_PORT
            : Objects.requireNonNullElse(slice.getPorts().getFirst().getPort(), HTTPS_PORT);
    return slice.getEndpoints().stream()
        .filter(
            endpoint ->
                endpoint.getConditions() == null
                    || !Boolean.FALSE.equals(endpoint.getConditions().getReady()))
        .flatMap(endpoint -> endpoint.getAddresses().stream())
        .map(address -> new HostPort(address, port))
        .toList();
  }

  static List<HostPort> addressesOf(Endpoints endpoints) {
    List<HostPort> addresses = new ArrayList<>();
    for (var subset : endpoints.getSubsets()) {
      int port =
          subset.getPorts().isEmpty()
              ? HTTPS_PORT
              : Objects.requireNonNullElse(subset.getPorts().getFirst().getPort(), HTTPS_PORT);
      subset.getAddresses().forEach(address -> addresses.add(new HostPort(address.getIp(), port)));
    }
    return addresses;
  }
}
