package org.k3sjvm.kubelet.node;

import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeDaemonEndpointsBuilder;
import io.fabric8.kubernetes.api.model.NodeFeaturesBuilder;
import io.fabric8.kubernetes.api.model.NodeRuntimeHandler;
import io.fabric8.kubernetes.api.model.NodeRuntimeHandlerBuilder;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.NodeStatusBuilder;
import io.fabric8.kubernetes.api.model.NodeSystemInfo;
import io.fabric8.kubernetes.api.model.NodeSystemInfoBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.kubelet.admission.DeclaredFeatures;
import org.k3sjvm.kubelet.settings.Reservations;

/**
 * A node's status from what was seen. Source: kubelet v1.36 pkg/kubelet/nodestatus/setters.go and
 * pkg/kubelet/cm/node_container_manager_linux.go.
 */
final class NodeStatuses {
  static final String PROVIDED_IP = "alpha.kubernetes.io/provided-node-ip";

  private NodeStatuses() {}

  /**
   * The status as this node would have it.
   *
   * @param addresses those that the node has by now
   * @param conditions as last computed, or as the node has them
   */
  static NodeStatus of(
      NodeConfig config,
      Observation seen,
      List<NodeAddress> addresses,
      List<NodeCondition> conditions,
      Instant now) {
    Map<String, Quantity> capacity = capacity(config, seen);
    NodeStatusBuilder status =
        new NodeStatusBuilder()
            .withAddresses(addresses(config, addresses))
            .withCapacity(capacity)
            .withAllocatable(allocatable(config, seen))
            .withConditions(NodeConditions.of(seen, capacity, conditions, now))
            .withDaemonEndpoints(
                new NodeDaemonEndpointsBuilder().withNewKubeletEndpoint(config.port()).build())
            .withNodeInfo(info(config, seen))
            .withImages(seen.images())
            .withDeclaredFeatures(DeclaredFeatures.OFFERED);
    seen.runtime().ifPresent(runtime -> describe(status, runtime));
    return status.build();
  }

  static Map<String, Quantity> capacity(NodeConfig config, Observation seen) {
    MachineFacts machine = seen.machine();
    Map<String, Quantity> capacity = new TreeMap<>();
    capacity.put("cpu", Quantities.cpu(machine.cpus() * 1000L));
    capacity.put("memory", Quantities.bytes(machine.memoryBytes()));
    capacity.put("pods", Quantity.parse(Integer.toString(config.pods().maxPodsOn(machine.cpus()))));
    if (seen.storageBytes() > 0) {
      capacity.put("ephemeral-storage", Quantities.bytes(seen.storageBytes()));
    }
    machine
        .hugePages()
        .forEach((size, bytes) -> capacity.put("hugepages-" + size, Quantities.bytes(bytes)));
    return capacity;
  }

  static Map<String, Quantity> allocatable(NodeConfig config, Observation seen) {
    Reservations reservations = config.reservations();
    Reservations.Amounts reserved = reservations.reserved();
    MachineFacts machine = seen.machine();
    Map<String, Quantity> allocatable = new TreeMap<>(capacity(config, seen));
    allocatable.put(
        "cpu", Quantities.cpu(Math.max(0, machine.cpus() * 1000L - reserved.cpuMillis())));
    long huge = machine.hugePages().values().stream().mapToLong(Long::longValue).sum();
    long keptMemory =
        reserved.memoryBytes()
            + reservations.mustStayFree("memory.available", machine.memoryBytes());
    allocatable.put(
        "memory",
        Quantities.bytes(Math.max(0, Math.max(0, machine.memoryBytes() - keptMemory) - huge)));
    if (seen.storageBytes() > 0) {
      long kept =
          reserved.storageBytes()
              + reservations.mustStayFree("nodefs.available", seen.storageBytes());
      allocatable.put(
          "ephemeral-storage",
          Quantity.parse(Long.toString(Math.max(0, seen.storageBytes() - kept))));
    }
    return allocatable;
  }

  /** With a cloud controller the node's own word counts only until the controller has spoken. */
  static List<NodeAddress> addresses(NodeConfig config, List<NodeAddress> now) {
    if (config.externalCloud() && !now.isEmpty()) {
      return now;
    }
    List<NodeAddress> addresses = new ArrayList<>();
    for (InetAddress address : config.addresses()) {
      addresses.add(new NodeAddress(IpAddresses.text(address), "InternalIP"));
    }
    addresses.add(new NodeAddress(config.name(), "Hostname"));
    return addresses;
  }

  /** The hint to the cloud controller; empty when there is nothing to hint at. */
  static Optional<String> providedIps(NodeConfig config) {
    return config.externalCloud() && !config.addresses().isEmpty()
        ? Optional.of(
            config.addresses().stream().map(IpAddresses::text).collect(Collectors.joining(",")))
        : Optional.empty();
  }

  private static NodeSystemInfo info(NodeConfig config, Observation seen) {
    MachineFacts machine = seen.machine();
    NodeSystemInfoBuilder info =
        new NodeSystemInfoBuilder()
            .withArchitecture(machine.architecture())
            .withBootID(machine.bootId())
            .withContainerRuntimeVersion(
                seen.version()
                    .map(version -> version.name() + "://" + version.version())
                    .orElse("://Unknown"))
            .withKernelVersion(machine.kernelVersion())
            .withKubeProxyVersion("")
            .withKubeletVersion(config.version())
            .withMachineID(machine.machineId())
            .withOperatingSystem("linux")
            .withOsImage(machine.osImage())
            .withSystemUUID(machine.systemUuid());
    if (machine.swapBytes() > 0) {
      info.withNewSwap(machine.swapBytes());
    }
    return info.build();
  }

  private static void describe(NodeStatusBuilder status, RuntimeStatus runtime) {
    List<NodeRuntimeHandler> handlers = new ArrayList<>();
    for (RuntimeStatus.RuntimeHandler handler : runtime.handlers()) {
      handlers.add(
          new NodeRuntimeHandlerBuilder()
              .withName(handler.name())
              .withNewFeatures(handler.recursiveReadOnlyMounts(), handler.userNamespaces())
              .build());
    }
    status.withRuntimeHandlers(handlers);
    if (runtime.features().supplementalGroupsPolicy()) {
      status.withFeatures(new NodeFeaturesBuilder().withSupplementalGroupsPolicy(true).build());
    }
  }
}
