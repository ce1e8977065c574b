package org.k3sjvm.linux.wireguard;

import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.testing.FakeNetwork;
import org.k3sjvm.linux.testing.FakeWireGuard;

class FakeWireGuardTest extends WireGuardContract {
  private final FakeNetwork network = new FakeNetwork();
  private final FakeWireGuard wireGuard = new FakeWireGuard(network);

  @Override
  HostNetwork network() {
    return network;
  }

  @Override
  WireGuard wireGuard() {
    return wireGuard;
  }
}
