package org.k3sjvm.serviceproxy;

import org.k3sjvm.linux.filter.Connections;
import org.k3sjvm.linux.filter.FilterElements;
import org.k3sjvm.linux.filter.NftCommand;
import org.k3sjvm.linux.filter.PacketFilter;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.linux.netlink.NetlinkConnections;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Commands;

/** What the service proxy asks of the host. */
public record ProxyHost(
    PacketFilter filter,
    FilterElements elements,
    Connections connections,
    Sysctls sysctls,
    Commands commands)
    implements AutoCloseable {

  /** The real host, in the network namespace of the calling thread. */
  public static ProxyHost open() {
    Commands commands = new ChildProcesses();
    return new ProxyHost(
        new NftCommand(commands),
        NetlinkFilterElements.open(),
        NetlinkConnections.open(),
        new ProcSysctls(),
        commands);
  }

  @Override
  public void close() {
    elements.close();
    connections.close();
  }
}
