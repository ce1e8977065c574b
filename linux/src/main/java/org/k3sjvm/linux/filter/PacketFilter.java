package org.k3sjvm.linux.filter;

import java.util.Optional;

/**
 * nftables. Only tables that the caller names are touched. Any thread may call; each call runs a
 * program for some milliseconds. Faults are {@link org.k3sjvm.linux.LinuxException}s; without the
 * program, {@code Unsupported} with what to install.
 */
public interface PacketFilter {
  /** Puts a table in the place of the one of that name, in one transaction. */
  void replace(FilterTable table) throws InterruptedException;

  /** Runs commands in one transaction, as {@code nft -f} takes them. */
  void apply(String script) throws InterruptedException;

  /** Succeeds when it is gone. */
  void delete(TableName table) throws InterruptedException;

  /** The table as nft prints it, without counters; empty when there is none. */
  Optional<String> show(TableName table) throws InterruptedException;
}
