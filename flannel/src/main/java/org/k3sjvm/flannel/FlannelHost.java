package org.k3sjvm.flannel;

import java.util.Optional;
import java.util.function.Supplier;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.echo.IcmpRollCall;
import org.k3sjvm.linux.echo.RollCall;
import org.k3sjvm.linux.filter.NftCommand;
import org.k3sjvm.linux.filter.PacketFilter;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.netlink.NetlinkNetwork;
import org.k3sjvm.linux.netlink.NetlinkWireGuard;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Commands;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What flannel asks of the host.
 *
 * @param wireGuard opens it, where that is the backend
 * @param calls empty where this process may not ask, for want of CAP_NET_RAW
 */
public record FlannelHost(
    HostNetwork network,
    PacketFilter filter,
    Sysctls sysctls,
    Commands commands,
    Supplier<WireGuard> wireGuard,
    Optional<RollCall> calls)
    implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FlannelHost.class);

  /** The real host, in the network namespace of the calling thread. */
  public static FlannelHost open() {
    Commands commands = new ChildProcesses();
    return new FlannelHost(
        NetlinkNetwork.open(),
        new NftCommand(commands),
        new ProcSysctls(),
        commands,
        NetlinkWireGuard::open,
        openCalls());
  }

  private static Optional<RollCall> openCalls() {
    try {
      return Optional.of(IcmpRollCall.open());
    } catch (LinuxException e) {
      log.atInfo().addKeyValue("reason", e.getMessage()).log("peers will not be asked for answers");
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    network.close();
    calls.ifPresent(RollCall::close);
  }
}
