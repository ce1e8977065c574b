package org.k3sjvm.flannel;

import org.k3sjvm.linux.filter.NftCommand;
import org.k3sjvm.linux.filter.PacketFilter;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.netlink.NetlinkNetwork;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Commands;

/** What flannel asks of the host. */
public record FlannelHost(
    HostNetwork network, PacketFilter filter, Sysctls sysctls, Commands commands)
    implements AutoCloseable {

  /** The real host, in the network namespace of the calling thread. */
  public static FlannelHost open() {
    Commands commands = new ChildProcesses();
    return new FlannelHost(
        NetlinkNetwork.open(), new NftCommand(commands), new ProcSysctls(), commands);
  }

  @Override
  public void close() {
    network.close();
  }
}
