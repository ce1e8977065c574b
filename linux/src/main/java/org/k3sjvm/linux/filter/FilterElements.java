package org.k3sjvm.linux.filter;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.linux.LinuxException;

/**
 * The elements of named sets and maps of nftables, without a program: a change takes well below a
 * millisecond. Tables, chains, rules and the sets themselves are made through {@link PacketFilter}.
 * Any thread may call; calls follow one another and do not block for long.
 */
public interface FilterElements extends AutoCloseable {
  /**
   * Carries out all changes, in order, as one transaction: packets see all or none of them.
   *
   * @throws LinuxException.NotFound when a table, a set, a chain of a verdict, or an element to
   *     delete is not there; nothing is changed then
   * @throws LinuxException.AlreadyExists when an element to add is there with another value, or
   *     overlaps one in a set of intervals; nothing is changed then
   * @throws LinuxException.Busy when the same may succeed later; nothing is changed then
   */
  void commit(List<ElementChange> changes);

  /**
   * The elements as they are, in no order. Intervals come as they were added; elements of dynamic
   * sets too.
   *
   * @throws LinuxException.NotFound when there is no such table or set
   */
  List<Element> list(SetName set);

  /** The names of a table's sets and maps; none when there is no such table. */
  Set<String> sets(TableName table);

  /** The chains and rules of a table; empty when there is none. */
  Optional<TableState> state(TableName table);

  /**
   * The number of the rule set of this network namespace. Each transaction of anybody raises it by
   * one, so two that are alike say that nothing at all has changed.
   */
  int generation();

  @Override
  void close();
}
