package org.k3sjvm.linux.filter;

import java.util.List;
import java.util.function.Predicate;

/** The connections that the kernel tracks. Any thread may call. */
public interface Connections extends AutoCloseable {
  /**
   * Those of one protocol that are wanted. All are looked at, only these are kept.
   *
   * @param protocol such as 17 for UDP
   */
  List<Connection> select(boolean ipv6, int protocol, Predicate<Connection> wanted);

  /** Forgets a connection, so that its next packet is translated anew; false when it is gone. */
  boolean delete(Connection connection);

  @Override
  void close();
}
