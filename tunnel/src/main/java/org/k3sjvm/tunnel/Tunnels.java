package org.k3sjvm.tunnel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;

/**
 * One tunnel to each server of the cluster, past any load balancer, since each server reaches the
 * node through its own. Thread-safe.
 */
public final class Tunnels implements AutoCloseable {
  private final Supplier<SSLContext> tls;
  private final Authorizer authorizer;
  private final SessionTiming timing;
  private final Sleeper sleeper;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<HostPort, Running> running = new HashMap<>();

  @GuardedBy("lock")
  private boolean closed;

  private record Running(TunnelClient client, Thread thread) {}

  /**
   * No tunnel yet.
   *
   * @param tls trusts the cluster's servers and shows the kubelet's client certificate; asked anew
   *     for every connection, so that a renewed certificate is used
   * @param authorizer what servers may have dialled
   */
  public Tunnels(Supplier<SSLContext> tls, Authorizer authorizer) {
    this(tls, authorizer, SessionTiming.DEFAULT, Sleeper.SYSTEM);
  }

  Tunnels(Supplier<SSLContext> tls, Authorizer authorizer, SessionTiming timing, Sleeper sleeper) {
    this.tls = tls;
    this.authorizer = authorizer;
    this.timing = timing;
    this.sleeper = sleeper;
  }

  /**
   * Keeps tunnels to exactly these servers: begins new ones, ends those of servers not named. An
   * empty collection is ignored: a server that has just started knows no server yet.
   */
  public void serve(Collection<HostPort> servers) {
    if (servers.isEmpty()) {
      return;
    }
    synchronized (lock) {
      if (closed) {
        return;
      }
      Set<HostPort> gone = new HashSet<>(running.keySet());
      gone.removeAll(new HashSet<>(servers));
      for (HostPort server : gone) {
        Running ending = running.remove(server);
        if (ending != null) {
          ending.thread().interrupt();
        }
      }
      for (HostPort server : servers) {
        running.computeIfAbsent(server, this::begin);
      }
    }
  }

  /** Servers that have a tunnel or should. */
  public Set<HostPort> servers() {
    synchronized (lock) {
      return Set.copyOf(running.keySet());
    }
  }

  /** How a server is, by its tunnel; never blocks. */
  public TunnelHealth healthOf(HostPort server) {
    synchronized (lock) {
      Running found = running.get(server);
      return found == null ? TunnelHealth.UNKNOWN : found.client().health();
    }
  }

  /** Every tunnel as it is now, by server; never blocks. */
  public List<TunnelReport> report() {
    List<TunnelClient> clients;
    synchronized (lock) {
      clients = running.values().stream().map(Running::client).toList();
    }
    return clients.stream()
        .map(TunnelClient::report)
        .sorted(Comparator.comparing(TunnelReport::server))
        .toList();
  }

  /** Ends every tunnel and returns when their threads have ended. */
  @Override
  public void close() {
    Set<Running> ending;
    synchronized (lock) {
      closed = true;
      ending = Set.copyOf(running.values());
      running.clear();
    }
    ending.forEach(each -> each.thread().interrupt());
    for (Running each : ending) {
      try {
        each.thread().join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private Running begin(HostPort server) {
    TunnelClient client = new TunnelClient(server, tls, authorizer, timing, sleeper);
    Thread thread =
        Thread.ofVirtual()
            .name("tunnel/" + server)
            .start(
                () -> {
                  try {
                    client.run();
                  } catch (InterruptedException e) {
                    // Asked to stop.
                  }
                });
    return new Running(client, thread);
  }
}
