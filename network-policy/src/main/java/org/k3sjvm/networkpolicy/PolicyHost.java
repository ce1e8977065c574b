package org.k3sjvm.networkpolicy;

import org.k3sjvm.linux.filter.FilterElements;
import org.k3sjvm.linux.filter.NftCommand;
import org.k3sjvm.linux.filter.PacketFilter;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Commands;

/** What network policies ask of the host. */
public record PolicyHost(
    PacketFilter filter, FilterElements elements, Sysctls sysctls, Commands commands)
    implements AutoCloseable {

  /** The real host, in the network namespace of the calling thread. */
  public static PolicyHost open() {
    Commands commands = new ChildProcesses();
    return new PolicyHost(
        new NftCommand(commands), NetlinkFilterElements.open(), new ProcSysctls(), commands);
  }

  @Override
  public void close() {
    elements.close();
  }
}
