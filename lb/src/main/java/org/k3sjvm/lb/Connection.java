package org.k3sjvm.lb;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.base.net.HostPort;

/**
 * One client with one server. Each direction has a thread and one small buffer; the end of one
 * direction is passed on, so a peer may close its writing side and still read the answer.
 */
final class Connection implements AutoCloseable {
  /** TLS records reach 16 KiB; what is bigger takes two reads. */
  private static final int BUFFER_BYTES = 16 * 1024;

  /** How long one direction may stay open after the other ended. */
  private static final Duration HALF_OPEN = Duration.ofMinutes(1);

  private final HostPort server;
  private final Socket client;
  private final Socket backend;
  private final CountDownLatch open = new CountDownLatch(2);

  Connection(HostPort server, Socket client, Socket backend) {
    this.server = server;
    this.client = client;
    this.backend = backend;
  }

  HostPort server() {
    return server;
  }

  /** Copies what the client says; returns when both directions have ended. */
  void copyRequests() throws InterruptedException {
    try {
      copy(client, backend);
      if (!open.await(HALF_OPEN.toMillis(), TimeUnit.MILLISECONDS)) {
        close();
      }
    } finally {
      close();
    }
  }

  /** Copies what the server says; returns when that direction has ended. */
  void copyAnswers() {
    copy(backend, client);
  }

  /** Ends both directions at once; idempotent, any thread. */
  @Override
  public void close() {
    closeQuietly(client);
    closeQuietly(backend);
  }

  private void copy(Socket from, Socket to) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      while (true) {
        int count = from.getInputStream().read(buffer, 0, buffer.length);
        if (count < 0) {
          break;
        }
        to.getOutputStream().write(buffer, 0, count);
      }
      to.shutdownOutput();
    } catch (IOException e) {
      close(); // reset by a peer, or closed by us: either way both sides are done
    } finally {
      open.countDown();
    }
  }

  static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // nothing is left to lose
    }
  }
}
