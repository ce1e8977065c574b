package org.k3sjvm.lb;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;

/**
 * Servers dialled in order until one takes the connection. One that does not answer is not waited
 * for: the next is dialled beside it a moment later, and who comes first wins. A server that had
 * worked has longer, since to leave it costs the connections it has. Late answers are closed.
 */
final class DialRace {
  /** A head start as in RFC 8305, section 5, for servers of which nothing good is known. */
  static final Duration HEAD_START = Duration.ofMillis(300);

  /** Time for the second packet of a connection whose first was lost. */
  static final Duration HEAD_START_OF_GOOD = Duration.ofMillis(1500);

  /** Hears of each server that did not answer, also after the race; from any thread. */
  @FunctionalInterface
  interface Losers {
    void failed(HostPort server, IOException fault, Duration took);
  }

  /**
   * @param took from its own start
   */
  record Winner(HostPort server, Socket socket, Duration took) {}

  private sealed interface Outcome {
    record Connected(Winner winner) implements Outcome {}

    record Failed() implements Outcome {}
  }

  private final Dialer dialer;
  private final ServiceGroup group;
  private final Losers losers;
  private final LinkedBlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private boolean over;

  DialRace(Dialer dialer, ServiceGroup group, Losers losers) {
    this.dialer = dialer;
    this.group = group;
    this.losers = losers;
  }

  /**
   * The first server that takes a connection; empty when none does.
   *
   * @throws IllegalStateException when the group is closing
   */
  Optional<Winner> run(List<ServerTable.Server> order) throws InterruptedException {
    int started = 0;
    int running = 0;
    try {
      while (started < order.size() || running > 0) {
        Duration patience = Dialer.TIMEOUT.multipliedBy(2);
        if (started < order.size()) {
          ServerTable.Server next = order.get(started++);
          running++;
          group.start("dial", () -> dial(next.address()));
          patience = headStart(next.state());
        }
        Outcome outcome = outcomes.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
        switch (outcome) {
          case null -> {}
          case Outcome.Failed() -> running--;
          case Outcome.Connected(Winner winner) -> {
            return Optional.of(winner);
          }
        }
      }
      return Optional.empty();
    } finally {
      synchronized (lock) {
        over = true;
      }
      for (Outcome late = outcomes.poll(); late != null; late = outcomes.poll()) {
        if (late instanceof Outcome.Connected(Winner winner)) {
          Connection.closeQuietly(winner.socket());
        }
      }
    }
  }

  private void dial(HostPort server) {
    long began = System.nanoTime();
    try {
      Socket socket = dialer.dial(server, Dialer.TIMEOUT);
      Winner winner = new Winner(server, socket, since(began));
      boolean late;
      synchronized (lock) {
        late = over;
        if (!late) {
          outcomes.add(new Outcome.Connected(winner));
        }
      }
      if (late) {
        Connection.closeQuietly(socket);
      }
    } catch (IOException | RuntimeException e) {
      IOException fault = e instanceof IOException io ? io : new IOException(e.toString(), e);
      if (!Thread.currentThread().isInterrupted()) {
        losers.failed(server, fault, since(began));
      }
      outcomes.add(new Outcome.Failed());
    }
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }

  private static Duration headStart(ServerState state) {
    return switch (state) {
      case ACTIVE, PREFERRED, HEALTHY -> HEAD_START_OF_GOOD;
      case INVALID, FAILED, STANDBY, UNCHECKED, RECOVERING -> HEAD_START;
    };
  }
}
