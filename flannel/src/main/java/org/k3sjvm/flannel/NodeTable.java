package org.k3sjvm.flannel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.flannel.lease.NodeLease;
import org.k3sjvm.kube.ReflectorEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all nodes say, kept by the watching thread and read by flannel's own. */
final class NodeTable {
  private static final Logger log = LoggerFactory.getLogger(NodeTable.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Map<String, NodeLease> leases = new HashMap<>();

  /** Recalled, and told by no server since: the watch does not know that they may be gone. */
  @GuardedBy("lock")
  private final Set<String> unconfirmed = new HashSet<>();

  @GuardedBy("lock")
  private boolean dirty;

  @GuardedBy("lock")
  private boolean complete;

  @GuardedBy("lock")
  private boolean recalled;

  @GuardedBy("lock")
  private @Nullable RuntimeException fault;

  /** Takes an event of the watch; only what matters to flannel counts as a change. */
  void on(ReflectorEvent<Node> event) {
    switch (event) {
      case ReflectorEvent.Added<Node>(Node node) -> put(node);
      case ReflectorEvent.Modified<Node>(Node node) -> put(node);
      case ReflectorEvent.Deleted<Node>(var name, _) -> remove(name.name());
      case ReflectorEvent.Recalled<Node> _ -> {} // some may be missing
      case ReflectorEvent.Synced<Node> _ -> completed();
    }
  }

  /** As {@link #on}, from a watch of the own node alone, which completes nothing. */
  void onOwn(ReflectorEvent<Node> event) {
    if (!(event instanceof ReflectorEvent.Synced<Node>)) {
      on(event);
    }
  }

  /** The watch has ended with a fault: whoever waits gets it. */
  void fail(RuntimeException e) {
    lock.lock();
    try {
      fault = e;
      signal();
    } finally {
      lock.unlock();
    }
  }

  /** Takes a node as it was answered, without waiting for the watch to tell. */
  void put(Node node) {
    Optional<NodeLease> lease = read(node);
    lock.lock();
    try {
      lease.ifPresent(this::confirm);
    } finally {
      lock.unlock();
    }
  }

  private static Optional<NodeLease> read(Node node) {
    try {
      return Optional.of(NodeLease.of(node));
    } catch (IllegalArgumentException e) {
      log.atWarn()
          .addKeyValue("node", node.getMetadata().getName())
          .addKeyValue("reason", e.getMessage())
          .log("a node's pod network cannot be read, leaving it out");
      return Optional.empty();
    }
  }

  @GuardedBy("lock")
  private void confirm(NodeLease lease) {
    unconfirmed.remove(lease.node());
    if (!lease.equals(leases.put(lease.node(), lease))) {
      signal();
    }
  }

  Optional<NodeLease> lease(String node) {
    lock.lock();
    try {
      return Optional.ofNullable(leases.get(node));
    } finally {
      lock.unlock();
    }
  }

  Collection<NodeLease> leases() {
    lock.lock();
    try {
      return List.copyOf(leases.values());
    } finally {
      lock.unlock();
    }
  }

  /** Whether every node that exists has been told: before, none may be called gone. */
  boolean isComplete() {
    lock.lock();
    try {
      return complete;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes nodes as a server listed them before this agent started. There may be others by now, and
   * those that a server told since are newer. Those that no server tells until all have been told
   * are gone.
   */
  void recall(List<Node> nodes) {
    List<NodeLease> old = nodes.stream().flatMap(node -> read(node).stream()).toList();
    lock.lock();
    try {
      for (NodeLease lease : old) {
        if (leases.putIfAbsent(lease.node(), lease) == null) {
          unconfirmed.add(lease.node());
        }
      }
      recalled = true;
      signal();
    } finally {
      lock.unlock();
    }
  }

  /** Whether nodes were recalled. */
  boolean isRecalled() {
    lock.lock();
    try {
      return recalled;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a change; whether there was one since this was last asked. */
  boolean awaitChange(Duration limit) throws InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (!dirty && left > 0) {
        left = changed.awaitNanos(left);
      }
      if (fault != null) {
        throw new IllegalStateException("the watch of nodes has ended", fault);
      }
      boolean result = dirty;
      dirty = false;
      return result;
    } finally {
      lock.unlock();
    }
  }

  private void remove(String node) {
    lock.lock();
    try {
      unconfirmed.remove(node);
      if (leases.remove(node) != null) {
        signal();
      }
    } finally {
      lock.unlock();
    }
  }

  private void completed() {
    lock.lock();
    try {
      complete = true;
      unconfirmed.forEach(leases::remove);
      unconfirmed.clear();
      signal();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void signal() {
    dirty = true;
    changed.signalAll();
  }
}
