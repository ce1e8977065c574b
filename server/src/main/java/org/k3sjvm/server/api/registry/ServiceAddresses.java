package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** Which cluster addresses and node ports are taken. Rebuilt from the services at each start. */
final class ServiceAddresses {
  /** The first addresses are left to those who ask for them, as the API's own and the DNS's are. */
  private static final int RESERVED = 16;

  private static final String NONE = "None";

  private final ServiceRanges ranges;
  private final RandomGenerator random = RandomGenerator.getDefault();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Set<String> addresses = new HashSet<>();

  @GuardedBy("lock")
  private final Set<Long> ports = new HashSet<>();

  ServiceAddresses(ServiceRanges ranges) {
    this.ranges = ranges;
  }

  void adopt(ObjectNode service) {
    synchronized (lock) {
      addresses.add(address(service));
      ports.addAll(ports(service));
    }
  }

  void release(ObjectNode service) {
    synchronized (lock) {
      addresses.remove(address(service));
      ports.removeAll(ports(service));
    }
  }

  void releaseDropped(ObjectNode before, ObjectNode after) {
    synchronized (lock) {
      if (!address(before).equals(address(after))) {
        addresses.remove(address(before));
      }
      for (Long port : ports(before)) {
        if (!ports(after).contains(port)) {
          ports.remove(port);
        }
      }
    }
  }

  /** Gives the service what it lacks, and takes what it asks for. */
  void allocate(ObjectNode service, Optional<ObjectNode> before) {
    synchronized (lock) {
      allocateAddress(service, before);
      allocatePorts(service, before);
    }
  }

  @GuardedBy("lock")
  private void allocateAddress(ObjectNode service, Optional<ObjectNode> before) {
    ObjectNode spec = Trees.child(service, "spec");
    if (Trees.text(spec, "type").equals("ExternalName")) {
      spec.remove(List.of("clusterIP", "clusterIPs"));
      return;
    }
    String asked = address(service);
    if (asked.equals(NONE)
        || before.map(ServiceAddresses::address).filter(asked::equals).isPresent()) {
      if (!asked.isEmpty()) {
        spec.putArray("clusterIPs").add(asked);
        return;
      }
    }
    String given = asked.isEmpty() ? free() : take(service, asked);
    addresses.add(given);
    spec.put("clusterIP", given).putArray("clusterIPs").add(given);
  }

  @GuardedBy("lock")
  private String take(ObjectNode service, String asked) {
    boolean inRange;
    try {
      inRange = ranges.addresses().contains(IpAddresses.parse(asked));
    } catch (IllegalArgumentException _) {
      inRange = false;
    }
    if (!inRange || addresses.contains(asked)) {
      throw invalid(
          service,
          "spec.clusterIPs",
          asked,
          "failed to allocate IP "
              + asked
              + ": "
              + (inRange
                  ? "provided IP is already allocated"
                  : "the provided IP is not in the valid range " + ranges.addresses()));
    }
    return asked;
  }

  @GuardedBy("lock")
  private String free() {
    int bits =
        Math.min(20, (ranges.addresses().isIpv6() ? 128 : 32) - ranges.addresses().prefixLength());
    int size = 1 << bits;
    int reserved = Math.min(RESERVED, size / 4);
    int start = random.nextInt(size);
    for (int i = 0; i < size; i++) {
      int offset = (start + i) % size;
      InetAddress candidate = ranges.addresses().at(offset);
      if (offset > reserved
          && offset < size - 1
          && !addresses.contains(candidate.getHostAddress())) {
        return candidate.getHostAddress();
      }
    }
    throw ApiException.internal("failed to allocate a serviceIP: range is full");
  }

  @GuardedBy("lock")
  private void allocatePorts(ObjectNode service, Optional<ObjectNode> before) {
    String type = Trees.text(service, "spec", "type");
    boolean wanted =
        type.equals("NodePort")
            || (type.equals("LoadBalancer")
                && Trees.at(service, "spec", "allocateLoadBalancerNodePorts").asBoolean(true));
    Set<Long> own = before.map(ServiceAddresses::ports).orElseGet(Set::of);
    for (ObjectNode port : Trees.objects(service, "spec", "ports")) {
      long asked = Trees.number(port, "nodePort");
      if (!wanted) {
        port.remove("nodePort");
      } else if (asked == 0) {
        long given = freePort();
        ports.add(given);
        port.put("nodePort", (int) given);
      } else if (!own.contains(asked)) {
        if (asked < ranges.firstPort() || asked > ranges.lastPort()) {
          throw invalid(
              service,
              "spec.ports[0].nodePort",
              Long.toString(asked),
              "provided port is not in the valid range. The range of valid ports is "
                  + ranges.firstPort()
                  + "-"
                  + ranges.lastPort());
        }
        if (!ports.add(asked)) {
          throw invalid(
              service,
              "spec.ports[0].nodePort",
              Long.toString(asked),
              "provided port is already allocated");
        }
      }
    }
  }

  @GuardedBy("lock")
  private long freePort() {
    int size = ranges.lastPort() - ranges.firstPort() + 1;
    int start = random.nextInt(size);
    for (int i = 0; i < size; i++) {
      long port = ranges.firstPort() + (long) ((start + i) % size);
      if (!ports.contains(port)) {
        return port;
      }
    }
    throw ApiException.internal("failed to allocate a nodePort: range is full");
  }

  private static ApiException invalid(ObjectNode service, String field, String value, String why) {
    Problems problems = new Problems();
    problems.invalid(field, value, why);
    try {
      problems.check(Kinds.SERVICE, Meta.name(service));
    } catch (ApiException e) {
      return e;
    }
    throw new IllegalStateException("a problem was added");
  }

  private static String address(ObjectNode service) {
    return Trees.text(service, "spec", "clusterIP");
  }

  private static Set<Long> ports(ObjectNode service) {
    Set<Long> all = new HashSet<>();
    for (ObjectNode port : Trees.objects(service, "spec", "ports")) {
      if (Trees.has(port, "nodePort")) {
        all.add(Trees.number(port, "nodePort"));
      }
    }
    return all;
  }
}
