package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.FlannelConfig.CniForm;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.uplink.UplinkWishes;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.testing.FakeCommands;
import org.k3sjvm.linux.testing.FakeNetwork;
import org.k3sjvm.linux.testing.FakePacketFilter;
import org.k3sjvm.linux.testing.FakeSysctls;

class FlannelTest {
  @TempDir private Path directory;

  @Test
  void endsAtOnceWhereTheKernelHasNoWireguard() {
    FakeKubeApi api = new FakeKubeApi();
    FlannelHost host =
        new FlannelHost(
            new FakeNetwork(),
            new FakePacketFilter(),
            new FakeSysctls(),
            new FakeCommands(),
            () -> {
              throw new LinuxException.Unsupported("the kernel has no WireGuard", 2);
            },
            Optional.empty());
    Flannel flannel =
        new Flannel(config(), host, api, api, new Gate<>("pod network"), Optional.empty());

    assertThatThrownBy(flannel::run)
        .as("before it waits for a pod CIDR, which nobody gives here")
        .isInstanceOf(LinuxException.Unsupported.class)
        .hasMessage(
            "flannel backend wireguard-native: the kernel has no WireGuard; or start the servers"
                + " with --flannel-backend=vxlan");
  }

  private FlannelConfig config() {
    return new FlannelConfig(
        "n1",
        Optional.of(BackendType.WIREGUARD),
        List.of(Cidr.parse("10.42.0.0/16")),
        Optional.empty(),
        UplinkWishes.NONE,
        VxlanOptions.DEFAULT,
        WireguardOptions.DEFAULT,
        directory.resolve("wgkey"),
        Map.of(),
        false,
        CniForm.EXPANDED,
        Optional.empty(),
        directory.resolve("subnet.env"),
        directory,
        List.of(directory));
  }
}
