package org.k3sjvm.networkpolicy.rules;

import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.networkpolicy.compile.Changes;

/** Elements as the kernel holds them. */
final class Elements {
  private static final String GOTO = "goto ";

  private Elements() {}

  static Element of(Changes.Element element) {
    Packed.Builder key = Packed.of();
    String[] parts = element.key().split(" \\. ", -1);
    for (int i = 0; i < parts.length; i++) {
      switch (parts[i]) {
        case "tcp" -> key.protocol(6);
        case "udp" -> key.protocol(17);
        case "sctp" -> key.protocol(132);
        default -> {
          if (i == 2) {
            key.port(Integer.parseInt(parts[i]));
          } else {
            key.address(IpAddresses.parse(parts[i]));
          }
        }
      }
    }
    return element.value().startsWith(GOTO)
        ? Element.of(key.build(), Element.goTo(element.value().substring(GOTO.length())))
        : Element.of(key.build());
  }
}
