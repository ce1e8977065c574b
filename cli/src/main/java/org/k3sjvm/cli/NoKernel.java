package org.k3sjvm.cli;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
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
import org.k3sjvm.linux.host.Sysctls;

/** A kernel for a rehearsal: it takes all rules and settings and keeps none. */
final class NoKernel implements PacketFilter, FilterElements, Connections, Sysctls {
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
  public Optional<String> read(String key) {
    return Optional.empty();
  }

  @Override
  public boolean ensure(String key, String value) {
    return false;
  }

  @Override
  public void close() {}
}
