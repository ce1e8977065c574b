package org.k3sjvm.server.supervisor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.select.FieldSelector;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Trees;

/** Reads the servers from the endpoint slices of service {@code kubernetes}. */
public final class StoredClusterState implements ClusterState {
  private static final int HTTPS_PORT = 443;
  private static final Selection OF_KUBERNETES =
      new Selection(
          LabelSelector.of(Map.of("kubernetes.io/service-name", "kubernetes")), FieldSelector.ALL);

  private final Registry registry;
  private final BooleanSupplier ready;

  /**
   * Over the objects of the cluster.
   *
   * @param ready whether the control plane's parts run
   */
  public StoredClusterState(Registry registry, BooleanSupplier ready) {
    this.registry = registry;
    this.ready = ready;
  }

  @Override
  public boolean ready() {
    return ready.getAsBoolean();
  }

  @Override
  public List<HostPort> apiServers() {
    List<HostPort> servers = new ArrayList<>();
    for (var slice : registry.list(Kinds.ENDPOINT_SLICE, "default", OF_KUBERNETES)) {
      long port =
          Trees.objects(slice, "ports").stream()
              .findFirst()
              .map(first -> Trees.number(first, "port"))
              .orElse((long) HTTPS_PORT);
      for (var endpoint : Trees.objects(slice, "endpoints")) {
        if (Trees.at(endpoint, "conditions", "ready").asBoolean(true)) {
          Trees.texts(endpoint, "addresses")
              .forEach(address -> servers.add(new HostPort(address, Math.toIntExact(port))));
        }
      }
    }
    return List.copyOf(servers);
  }
}
