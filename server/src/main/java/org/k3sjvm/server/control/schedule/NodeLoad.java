package org.k3sjvm.server.control.schedule;

import static org.k3sjvm.server.control.cluster.Fields.list;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.k3sjvm.server.control.cluster.Fields;

/**
 * A node with what the pods on it take, including those that are only assumed to come. It lives for
 * one round of the scheduler, in one thread.
 */
public final class NodeLoad {
  /** What a container that asks for nothing counts when nodes are compared. */
  private static final long USUAL_MILLI_CPU = 100;

  private static final long USUAL_MEMORY = 200L * 1024 * 1024;

  private final String name;
  private final Map<String, String> labels;
  private final List<Taint> taints;
  private final boolean unschedulable;
  private final Amounts allocatable;

  private final Map<String, Long> requested = new HashMap<>();
  private final List<PodDemand.HostPort> ports = new ArrayList<>();
  private final Map<String, Integer> podsByOwner = new HashMap<>();
  private long weighedMilliCpu;
  private long weighedMemory;
  private int pods;

  public NodeLoad(Node node) {
    this.name = node.getMetadata().getName();
    this.labels = Fields.labels(node);
    this.taints = node.getSpec() == null ? List.of() : list(node.getSpec().getTaints());
    this.unschedulable =
        node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable());
    this.allocatable =
        node.getStatus() == null
            ? Amounts.NONE
            : Amounts.of(
                Fields.map(node.getStatus().getAllocatable()).isEmpty()
                    ? node.getStatus().getCapacity()
                    : node.getStatus().getAllocatable());
  }

  /** Counts a pod in. */
  public void add(PodDemand demand, String ownerUid) {
    pods++;
    demand.requests().byName().forEach((key, amount) -> requested.merge(key, amount, Long::sum));
    weighedMilliCpu += weighed(demand.requests().get(Amounts.CPU), USUAL_MILLI_CPU);
    weighedMemory += weighed(demand.requests().get(Amounts.MEMORY), USUAL_MEMORY);
    ports.addAll(demand.ports());
    if (!ownerUid.isEmpty()) {
      podsByOwner.merge(ownerUid, 1, Integer::sum);
    }
  }

  public String name() {
    return name;
  }

  public Map<String, String> labels() {
    return labels;
  }

  public List<Taint> taints() {
    return taints;
  }

  public boolean isUnschedulable() {
    return unschedulable;
  }

  public int pods() {
    return pods;
  }

  public int podsOf(String ownerUid) {
    return podsByOwner.getOrDefault(ownerUid, 0);
  }

  /** What the node lacks for a pod, in the words of the scheduler; empty when it fits. */
  public List<String> lacking(PodDemand demand) {
    List<String> lacking = new ArrayList<>();
    if (pods + 1 > allocatable.get(Amounts.PODS)) {
      lacking.add("Too many pods");
    }
    demand
        .requests()
        .byName()
        .forEach(
            (key, amount) -> {
              long free = allocatable.get(key) - requested.getOrDefault(key, 0L);
              if (amount > 0 && amount > free) {
                lacking.add("Insufficient " + key);
              }
            });
    return lacking;
  }

  public boolean hasPortsFree(PodDemand demand) {
    return demand.ports().stream().noneMatch(p -> ports.stream().anyMatch(p::conflicts));
  }

  /** How much of cpu and memory would be left, 0 to 100 on average. */
  public long leftOver(PodDemand demand) {
    return (leftOver(
                allocatable.get(Amounts.CPU),
                weighedMilliCpu + weighed(demand.requests().get(Amounts.CPU), USUAL_MILLI_CPU))
            + leftOver(
                allocatable.get(Amounts.MEMORY),
                weighedMemory + weighed(demand.requests().get(Amounts.MEMORY), USUAL_MEMORY)))
        / 2;
  }

  private static long leftOver(long capacity, long used) {
    return capacity <= 0 || used > capacity ? 0 : (capacity - used) * 100 / capacity;
  }

  private static long weighed(long requested, long usual) {
    return requested == 0 ? usual : requested;
  }
}
