package org.k3sjvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.k3sjvm.agent.Ground;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.FlannelHost;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.Cgroups;
import org.k3sjvm.linux.filter.TableName;
import org.k3sjvm.linux.host.HostSettings;
import org.k3sjvm.linux.mount.KernelMounts;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.netlink.NetlinkNetwork;
import org.k3sjvm.linux.testing.FakeCgroups;
import org.k3sjvm.linux.testing.FakeCommands;
import org.k3sjvm.linux.testing.FakeMounts;
import org.k3sjvm.linux.testing.FakeNetwork;
import org.k3sjvm.linux.testing.FakeWireGuard;
import org.k3sjvm.networkpolicy.PolicyHost;
import org.k3sjvm.serviceproxy.ProxyHost;

/**
 * A ground for {@link WarmUp}: takes all that an agent does to a host and keeps it in memory. What
 * of this host can be read without rights is read, so that this code is exercised, too.
 */
final class RehearsalGround implements Ground {
  private final Path directory;
  private final NoKernel kernel = new NoKernel();
  private final Mounts mounts = new FakeMounts();
  private final Cgroups cgroups = new FakeCgroups();

  private RehearsalGround(Path directory) {
    this.directory = directory;
  }

  static RehearsalGround in(Path directory) throws IOException {
    Files.createDirectories(directory.resolve("run"));
    return new RehearsalGround(directory);
  }

  @Override
  public void verify(KubeletSettings settings) {
    var _ = new KernelMounts().list();
    try (NetlinkNetwork network = NetlinkNetwork.open()) {
      var _ = network.links();
      var _ = network.routes(false);
    }
    try (NetlinkFilterElements elements = NetlinkFilterElements.open()) {
      var _ = elements.state(new TableName("inet", "warm-up"));
    } catch (LinuxException e) {
      // needs rights that a build may lack
    }
  }

  @Override
  public void prepare(HostSettings settings) {}

  @Override
  public Path nodeFiles() {
    return directory.resolve("node");
  }

  @Override
  public Path logs() {
    return directory.resolve("log");
  }

  @Override
  public Path subnetFile() {
    return directory.resolve("run/subnet.env");
  }

  @Override
  public Path wireguardKeyFile() {
    return directory.resolve("run/wgkey");
  }

  @Override
  public Mounts mounts() {
    return mounts;
  }

  @Override
  public Cgroups cgroups() {
    return cgroups;
  }

  @Override
  public FlannelHost flannel() {
    FakeNetwork network = new FakeNetwork();
    int link = network.addLink("eth0", "", 1500);
    network.addAddress(InterfaceAddress.of(link, IpAddresses.parse("127.0.0.1"), 8)); // the node's
    network.addAddress(InterfaceAddress.of(link, IpAddresses.parse("192.0.2.1"), 24));
    return new FlannelHost(
        network,
        kernel,
        kernel,
        new FakeCommands(),
        () -> new FakeWireGuard(network),
        Optional.empty());
  }

  @Override
  public PolicyHost policies() {
    return new PolicyHost(kernel, kernel, kernel, new FakeCommands());
  }

  @Override
  public ProxyHost services() {
    return new ProxyHost(kernel, kernel, kernel, kernel, new FakeCommands());
  }
}
