package org.k3sjvm.linux.wireguard;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.netlink.NetlinkNetwork;
import org.k3sjvm.linux.netlink.NetlinkWireGuard;
import org.k3sjvm.linux.testing.TestNamespace;

/** Skipped where the kernel has no WireGuard; {@code scripts/vm/test.sh} brings one. */
class NetlinkWireGuardIT extends WireGuardContract {
  private TestNamespace namespace;
  private HostNetwork network;
  private WireGuard wireGuard;

  @BeforeAll
  static void askTheKernel() {
    try (WireGuard found = NetlinkWireGuard.open()) {
      assumeTrue(found != null);
    } catch (LinuxException.Unsupported e) {
      assumeTrue(false, e.getMessage());
    }
  }

  @BeforeEach
  void enterANamespace() throws Exception {
    namespace = TestNamespace.create("wg");
    network = namespace.call(NetlinkNetwork::open);
    wireGuard = namespace.call(NetlinkWireGuard::open);
  }

  @AfterEach
  void leave() {
    wireGuard.close();
    network.close();
    namespace.close();
  }

  @Override
  HostNetwork network() {
    return network;
  }

  @Override
  WireGuard wireGuard() {
    return wireGuard;
  }
}
