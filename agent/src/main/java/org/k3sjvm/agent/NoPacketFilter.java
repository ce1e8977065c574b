package org.k3sjvm.agent;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Connection;
import org.k3sjvm.linux.filter.Connections;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.FilterChange;
import org.k3sjvm.linux.filter.FilterElements;
import org.k3sjvm.linux.filter.FilterTable;
import org.k3sjvm.linux.filter.PacketFilter;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.filter.TableName;
import org.k3sjvm.linux.filter.TableState;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.serviceproxy.ProxyHost;

/** A host for a rehearsal: it takes all rules and keeps none. */
final class NoPacketFilter implements PacketFilter, FilterElements, Connections {
  private NoPacketFilter() {}

  static ProxyHost host() {
    NoPacketFilter nothing = new NoPacketFilter();
    return new ProxyHost(
        nothing,
        nothing,
        nothing,
        new ProcSysctls(),
        command -> {
          throw new LinuxException.NotFound("no programs in a rehearsal", 0);
        });
  }

  @Override
  public void replace(FilterTable table) {}

  @Override
  public void apply(String script) {}

  @Override
  public void delete(TableName table) {}

  @Override
  public Optional<String> show(TableName table) {
    return Optional.empty();
  }

  @Override
  public void commit(List<? extends FilterChange> changes) {}

  @Override
  public List<Element> list(SetName set) {
    return List.of();
  }

  @Override
  public Set<String> sets(TableName table) {
    return Set.of();
  }

  @Override
  public Optional<TableState> state(TableName table) {
    return Optional.empty();
  }

  @Override
  public int generation() {
    return 0;
  }

  @Override
  public List<Connection> select(boolean ipv6, int protocol, Predicate<Connection> wanted) {
    return List.of();
  }

  @Override
  public boolean delete(Connection connection) {
    return false;
  }

  @Override
  public void close() {}
}
