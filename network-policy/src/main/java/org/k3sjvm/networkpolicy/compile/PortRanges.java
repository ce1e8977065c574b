package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Protocol;

/** Protocols and ports as elements, which may not overlap. */
final class PortRanges {
  private PortRanges() {}

  static List<Element> of(List<NumberedPorts> ports) {
    List<NumberedPorts> merged = new ArrayList<>();
    for (NumberedPorts next :
        ports.stream()
            .sorted(
                Comparator.comparing(NumberedPorts::protocol).thenComparingInt(NumberedPorts::from))
            .toList()) {
      NumberedPorts before = merged.isEmpty() ? next : merged.getLast();
      if (!merged.isEmpty()
          && before.protocol() == next.protocol()
          && next.from() <= before.to() + 1) {
        int to = Math.max(before.to(), next.to());
        merged.set(merged.size() - 1, new NumberedPorts(before.protocol(), before.from(), to));
      } else {
        merged.add(next);
      }
    }
    return merged.stream()
        .map(
            p ->
                p.from() == p.to()
                    ? Element.of(key(p.protocol(), p.from()))
                    : Element.box(key(p.protocol(), p.from()), key(p.protocol(), p.to())))
        .toList();
  }

  private static Packed key(Protocol protocol, int port) {
    return Packed.of().protocol(protocol.number()).port(port).build();
  }
}
