package org.k3sjvm.linux.netlink;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Element.Extent;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.FilterChange;
import org.k3sjvm.linux.filter.FilterElements;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.filter.TableName;
import org.k3sjvm.linux.filter.TableState;
import org.k3sjvm.linux.netlink.FilterMessages.Edge;

/** {@link FilterElements} of the network namespace that its opener's thread is in. */
public final class NetlinkFilterElements implements FilterElements {
  private final NetlinkSocket socket;

  private NetlinkFilterElements(NetlinkSocket socket) {
    this.socket = socket;
  }

  /**
   * Opens the network namespace of the calling thread; later calls reach it from any thread.
   *
   * @throws LinuxException when there is no nfnetlink here
   */
  public static NetlinkFilterElements open() {
    return new NetlinkFilterElements(NetlinkSocket.open(NetlinkSocket.NETFILTER));
  }

  @Override
  public void commit(List<? extends FilterChange> changes) {
    if (changes.stream().allMatch(NetlinkFilterElements::isNothing)) {
      return;
    }
    List<String> places = new ArrayList<>();
    byte[] batch = FilterMessages.batch(changes, places);
    socket.sendBatch(
        "change tables",
        batch,
        place -> place < places.size() ? places.get(place) : "message " + place);
  }

  @Override
  public List<Element> list(SetName set) {
    String attempt = "list elements of " + set;
    List<Edge> edges = new ArrayList<>();
    for (ByteBuffer message : socket.ask(attempt, FilterMessages.dumpElements(set))) {
      FilterMessages.parseElements(message, edges);
    }
    int flags =
        socket.ask(attempt, FilterMessages.getSet(set)).stream()
            .map(message -> new Attributes(message.position(FilterMessages.BODY)))
            .map(attributes -> bigU32(attributes, FilterMessages.SET_FLAGS))
            .findFirst()
            .orElse(0);
    boolean paired =
        (flags & FilterMessages.SET_HAS_INTERVALS) != 0
            && (flags & FilterMessages.SET_IS_CONCATENATED) == 0;
    return paired ? intervals(edges) : edges.stream().map(Edge::element).toList();
  }

  @Override
  public Set<String> sets(TableName table) {
    Set<String> names = new HashSet<>();
    try {
      String attempt = "list sets of table " + table;
      for (ByteBuffer message : socket.ask(attempt, FilterMessages.dumpSets(table))) {
        Attributes set = new Attributes(message.position(FilterMessages.BODY));
        int flags = bigU32(set, FilterMessages.SET_FLAGS);
        if (set.text(FilterMessages.SET_TABLE).orElse("").equals(table.name())
            && (flags & FilterMessages.SET_IS_ANONYMOUS) == 0) {
          set.text(FilterMessages.SET_NAME).ifPresent(names::add);
        }
      }
    } catch (LinuxException.NotFound e) {
      return Set.of();
    }
    return Set.copyOf(names);
  }

  @Override
  public Optional<TableState> state(TableName table) {
    String attempt = "read table " + table;
    try {
      socket.ask(attempt, FilterMessages.getTable(table));
      Map<String, Integer> rules = new HashMap<>();
      long fingerprint = 1;
      for (ByteBuffer message : socket.ask(attempt, FilterMessages.dumpChains(table))) {
        Attributes chain = new Attributes(message.position(FilterMessages.BODY));
        if (chain.text(FilterMessages.CHAIN_TABLE).orElse("").equals(table.name())) {
          rules.put(chain.text(FilterMessages.CHAIN_NAME).orElse(""), 0);
          fingerprint = mix(fingerprint, chain, FilterMessages.CHAIN_HANDLE);
          fingerprint = mix(fingerprint, chain, FilterMessages.CHAIN_HOOK);
          fingerprint = mix(fingerprint, chain, FilterMessages.CHAIN_POLICY);
        }
      }
      for (ByteBuffer message : socket.ask(attempt, FilterMessages.dumpRules(table))) {
        Attributes rule = new Attributes(message.position(FilterMessages.BODY));
        if (rule.text(FilterMessages.RULE_TABLE).orElse("").equals(table.name())) {
          rules.merge(rule.text(FilterMessages.RULE_CHAIN).orElse(""), 1, Integer::sum);
          fingerprint = mix(fingerprint, rule, FilterMessages.RULE_HANDLE);
          fingerprint =
              fingerprint * 31
                  + rule.bytes(FilterMessages.RULE_EXPRESSIONS).map(e -> e.length).orElse(0);
        }
      }
      return Optional.of(new TableState(rules, fingerprint));
    } catch (LinuxException.NotFound e) {
      return Optional.empty();
    }
  }

  @Override
  public int generation() {
    return socket.ask("read the rule set's generation", FilterMessages.getGeneration()).stream()
        .map(message -> new Attributes(message.position(FilterMessages.BODY)))
        .map(attributes -> bigU32(attributes, FilterMessages.GENERATION_ID))
        .findFirst()
        .orElseThrow(() -> LinuxException.of("read the rule set's generation", Errno.EIO));
  }

  @Override
  public void close() {
    socket.close();
  }

  private static boolean isNothing(FilterChange change) {
    return change instanceof ElementChange some && some.elements().isEmpty();
  }

  /** Each beginning with the end that follows it. */
  private static List<Element> intervals(List<Edge> edges) {
    List<Edge> sorted = new ArrayList<>(edges);
    sorted.sort(
        Comparator.comparing((Edge edge) -> edge.element().first())
            .thenComparing(edge -> !edge.end()));
    List<Element> intervals = new ArrayList<>();
    for (int i = 0; i < sorted.size(); i++) {
      Edge edge = sorted.get(i);
      if (edge.end()) {
        continue;
      }
      Packed first = edge.element().first();
      Packed last =
          i + 1 < sorted.size() && sorted.get(i + 1).end()
              ? sorted.get(i + 1).element().first().previous()
              : Packed.ofBytes(new byte[first.length()]).previous();
      intervals.add(new Element(first, last, Extent.INTERVAL, edge.element().value()));
    }
    return List.copyOf(intervals);
  }

  private static long mix(long fingerprint, Attributes attributes, int type) {
    return fingerprint * 31 + attributes.bytes(type).map(Arrays::hashCode).orElse(0);
  }

  private static int bigU32(Attributes attributes, int type) {
    return attributes.bytes(type).map(b -> ByteBuffer.wrap(b).getInt()).orElse(0);
  }
}
