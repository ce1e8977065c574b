package org.k3sjvm.linux.filter;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.linux.LinuxException;

/**
 * What changes often in a table of nftables, without a program: a change of elements takes well
 * below a millisecond, one of sets and of chains of plain rules a few. Tables, and whatever rules
 * {@link Rule} does not know, are made through {@link PacketFilter}. Any thread may call; calls
 * follow one another and do not block for long.
 */
public interface FilterElements extends AutoCloseable {
  /**
   * Carries out all changes, in order, as one transaction: packets see all or none of them.
   *
   * @throws LinuxException.NotFound when a table, a set, a chain of a verdict, or something to
   *     delete is not there; nothing is changed then
   * @throws LinuxException.AlreadyExists when a set or chain to add is there, or an element with
   *     another value, or one that overlaps it in a set of intervals; nothing is changed then
   * @throws LinuxException.Busy when a set or chain to remove is still in use, or the same may
   *     succeed later; nothing is changed then
   */
  void commit(List<? extends FilterChange> changes);

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
