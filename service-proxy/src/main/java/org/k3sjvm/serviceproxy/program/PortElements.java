package org.k3sjvm.serviceproxy.program;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Protocol;
import org.k3sjvm.serviceproxy.program.PortProgram.Affinity;

/** The elements of one port of a service. */
final class PortElements {
  /** Takes elements. */
  @FunctionalInterface
  interface Sink {
    void put(ServiceSet set, Element element);
  }

  private final PortProgram program;
  private final Sink sink;

  private PortElements(PortProgram program, Sink sink) {
    this.program = program;
    this.sink = sink;
  }

  /**
   * Writes them all.
   *
   * @param mine whether the service has a key for itself that others want, too
   */
  static void write(PortProgram program, Predicate<Packed> mine, Sink sink) {
    PortElements elements = new PortElements(program, sink);
    if (mine.test(program.key(program.clusterIp()))) {
      elements.clusterIp();
    }
    for (Packed address : program.externals()) {
      if (mine.test(program.key(address))) {
        elements.external(address);
      }
    }
    if (program.nodePort() != 0 && mine.test(program.nodePortKey())) {
      elements.nodePort();
    }
    for (Packed pod : program.onThisNode()) {
      sink.put(ServiceSet.HAIRPIN, Element.of(Packed.of().parts(pod).parts(pod).build()));
    }
  }

  /** Each key that the program wants. */
  static List<Packed> keys(PortProgram program) {
    List<Packed> keys = new ArrayList<>();
    keys.add(program.key(program.clusterIp()));
    program.externals().forEach(address -> keys.add(program.key(address)));
    if (program.nodePort() != 0) {
      keys.add(program.nodePortKey());
    }
    return keys;
  }

  private void clusterIp() {
    Packed key = program.key(program.clusterIp());
    sink.put(ServiceSet.CLUSTER_IPS, Element.of(program.clusterIp()));
    if (program.internal().isEmpty()) {
      absent(ServiceSet.NO_ENDPOINT_SERVICES, key);
    } else {
      sink.put(ServiceSet.SERVICE_IPS, goTo(key, Chains.INTERNAL, "internal-", program.internal()));
      slots(ServiceSet.ENDPOINTS, key, program.internal(), 0);
    }
  }

  private void external(Packed address) {
    Packed key = program.key(address);
    if (program.guarded().contains(address)) {
      sink.put(ServiceSet.FIREWALL_IPS, Element.of(key));
      program.sources().forEach(s -> sink.put(ServiceSet.FIREWALL_SOURCES, source(key, s)));
    }
    if (program.external().isEmpty()) {
      absent(ServiceSet.NO_ENDPOINT_SERVICES, key);
      return;
    }
    slots(ServiceSet.ENDPOINTS, key, program.external(), 0);
    if (!program.externalLocal()) {
      sink.put(ServiceSet.SERVICE_IPS, goTo(key, Chains.EXTERNAL, "external-", program.external()));
      return;
    }
    sink.put(ServiceSet.SERVICE_IPS, Element.of(key, Element.goTo(Chains.EXTERNAL_POLICY_LOCAL)));
    sink.put(ServiceSet.SERVICE_CLUSTER, goTo(key, Chains.PICK, "cluster-", program.external()));
    if (program.local().isEmpty()) {
      sink.put(ServiceSet.NO_ENDPOINT_SERVICES, Element.of(key, Element.drop()));
    } else {
      sink.put(ServiceSet.SERVICE_LOCAL, goTo(key, Chains.LOCAL, "local-", program.local()));
      slots(ServiceSet.ENDPOINTS, key, program.local(), Chains.LOCAL_OFFSET);
    }
  }

  private void nodePort() {
    Packed key = program.nodePortKey();
    if (program.external().isEmpty()) {
      absent(ServiceSet.NO_ENDPOINT_NODEPORTS, key);
      return;
    }
    slots(ServiceSet.NODEPORT_ENDPOINTS, key, program.external(), 0);
    if (!program.externalLocal()) {
      sink.put(
          ServiceSet.SERVICE_NODEPORTS,
          goTo(key, Chains.NODEPORT_EXTERNAL, "external-", program.external()));
      return;
    }
    sink.put(
        ServiceSet.SERVICE_NODEPORTS, Element.of(key, Element.goTo(Chains.NODEPORT_POLICY_LOCAL)));
    sink.put(
        ServiceSet.NODEPORT_CLUSTER,
        goTo(key, Chains.NODEPORT_PICK, "cluster-", program.external()));
    if (program.local().isEmpty()) {
      sink.put(ServiceSet.NO_ENDPOINT_NODEPORTS, Element.of(key, Element.drop()));
    } else {
      sink.put(
          ServiceSet.NODEPORT_LOCAL, goTo(key, Chains.NODEPORT_LOCAL, "local-", program.local()));
      slots(ServiceSet.NODEPORT_ENDPOINTS, key, program.local(), Chains.LOCAL_OFFSET);
    }
  }

  /** Refused when there is nobody at all, else ignored: endpoints may be on other nodes. */
  private void absent(ServiceSet set, Packed key) {
    sink.put(set, Element.of(key, program.any() ? Element.drop() : Element.goTo(Chains.REJECT)));
  }

  private Element goTo(Packed key, String sized, String which, Slots slots) {
    Optional<Affinity> affinity = program.affinity();
    String chain =
        affinity.map(a -> Chains.affinity(which, a)).orElseGet(() -> sized + slots.size());
    return Element.of(key, Element.goTo(chain));
  }

  private void slots(ServiceSet set, Packed key, Slots slots, int offset) {
    if (program.affinity().isPresent()) {
      return; // its own chains know the endpoints
    }
    for (int i = 0; i < slots.size(); i++) {
      Packed slot = Packed.of().parts(key).number(offset + i).build();
      sink.put(set, Element.of(slot, Element.data(slots.slot(i))));
    }
  }

  private static Element source(Packed key, Cidr network) {
    return Element.box(
        Packed.of().parts(key).address(network.address()).build(),
        Packed.of().parts(key).address(last(network)).build());
  }

  private static byte[] last(Cidr network) {
    byte[] bytes = network.address().getAddress();
    for (int bit = network.prefixLength(); bit < bytes.length * 8; bit++) {
      bytes[bit / 8] |= (byte) (0x80 >> bit % 8);
    }
    return bytes;
  }

  /** Whether connections may outlive the endpoint that they go to. */
  static boolean needsCleanUp(PortProgram program) {
    return program.protocol() == Protocol.UDP;
  }
}
