package org.k3sjvm.linux.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.k3sjvm.linux.filter.FilterTable;
import org.k3sjvm.linux.filter.PacketFilter;
import org.k3sjvm.linux.filter.TableName;

/** Tables in memory. */
public final class FakePacketFilter implements PacketFilter {
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<String, String> tables = new TreeMap<>();

  @GuardedBy("lock")
  private final List<String> applied = new ArrayList<>();

  /** Scripts given to {@link #apply}, which changes no table here. */
  public List<String> applied() {
    synchronized (lock) {
      return List.copyOf(applied);
    }
  }

  /** All tables as text. */
  public String asText() {
    synchronized (lock) {
      return String.join("", tables.values());
    }
  }

  @Override
  public void replace(FilterTable table) {
    String script = table.script();
    synchronized (lock) {
      tables.put(table.name().toString(), script.substring(script.indexOf("\ntable ") + 1));
    }
  }

  @Override
  public void apply(String script) {
    synchronized (lock) {
      applied.add(script);
    }
  }

  @Override
  public void delete(TableName table) {
    synchronized (lock) {
      tables.remove(table.toString());
    }
  }

  @Override
  public Optional<String> show(TableName table) {
    synchronized (lock) {
      return Optional.ofNullable(tables.get(table.toString()));
    }
  }
}
