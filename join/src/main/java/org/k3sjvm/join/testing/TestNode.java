package org.k3sjvm.join.testing;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.join.HostNetwork;
import org.k3sjvm.join.JoinConfig;

/** A node called worker on a host at 10.0.0.7, as tests of joining want it. */
public final class TestNode {
  /** One interface, which the default route of IPv4 leads to. */
  public static final HostNetwork NETWORK =
      new HostNetwork() {
        @Override
        public List<Interface> interfaces() {
          return List.of(new Interface("eth0", List.of(IpAddresses.parse("10.0.0.7"))));
        }

        @Override
        public Optional<String> defaultRouteInterface(boolean ipv6) {
          return ipv6 ? Optional.empty() : Optional.of("eth0");
        }
      };

  private TestNode() {}

  /**
   * What it joins with.
   *
   * @param server of {@code --server}
   * @param endpoint where that is reached
   * @param top its files are below it
   */
  public static JoinConfig config(URI server, URI endpoint, Optional<Secret> token, Path top) {
    return new JoinConfig(
        server,
        endpoint,
        token,
        top.resolve("agent"),
        top.resolve("node"),
        "Worker",
        false,
        List.of(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        JoinConfig.DEFAULT_RUNTIME_ENDPOINT,
        Optional.empty(),
        false);
  }
}
