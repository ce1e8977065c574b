package org.k3sjvm.flannel;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.testing.TestNamespace;

/** One TCP connection from one network namespace to another, which carries bytes until the end. */
final class Stream {
  private static final int PORT = 8081;
  private static final int CHUNK_BYTES = 64 << 10;
  private static final int STALL_MILLIS = Math.toIntExact(FlannelRig.PATIENCE.toMillis());

  private final AtomicLong received = new AtomicLong();
  private final CompletableFuture<Long> sent;
  private final CompletableFuture<Long> taken;
  private volatile boolean enough;

  /**
   * Begins.
   *
   * @param mostBytes the end, unless it is told before
   * @param pause after each 64 KiB, so that a load leaves the machine to others
   */
  Stream(TestNamespace from, TestNamespace to, String address, long mostBytes, Duration pause)
      throws Exception {
    CompletableFuture<Boolean> bound = new CompletableFuture<>();
    taken = in(to, () -> take(bound));
    bound.get(STALL_MILLIS, TimeUnit.MILLISECONDS);
    sent = in(from, () -> send(address, mostBytes, pause));
  }

  long received() {
    return received.get();
  }

  /** Waits until that much more has come. */
  void awaitMore(long bytes) throws Exception {
    long goal = received.get() + bytes;
    FlannelRig.await(
        bytes + " bytes more",
        () -> {
          if (sent.isCompletedExceptionally()) {
            sent.get();
          }
          return received.get() >= goal ? Optional.of(goal) : Optional.empty();
        });
  }

  /** Ends the connection in order; the bytes lost, none if all is well. */
  long end() throws Exception {
    enough = true;
    return lost();
  }

  /** Waits for the end; the bytes lost. */
  long lost() throws Exception {
    long all = sent.get(2, TimeUnit.MINUTES);
    return all - taken.get(STALL_MILLIS, TimeUnit.MILLISECONDS);
  }

  private long take(CompletableFuture<Boolean> bound) throws Exception {
    byte[] chunk = new byte[CHUNK_BYTES];
    try (ServerSocket server = new ServerSocket()) {
      server.setReuseAddress(true);
      server.bind(new InetSocketAddress(PORT));
      bound.complete(true);
      try (Socket socket = server.accept()) {
        socket.setSoTimeout(STALL_MILLIS);
        InputStream input = socket.getInputStream();
        for (int n = input.read(chunk); n >= 0; n = input.read(chunk)) {
          received.addAndGet(n);
        }
      }
    }
    return received.get();
  }

  private long send(String address, long mostBytes, Duration pause) throws Exception {
    byte[] chunk = new byte[CHUNK_BYTES];
    long count = 0;
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(IpAddresses.parse(address), PORT), STALL_MILLIS);
      OutputStream output = socket.getOutputStream();
      while (!enough && count < mostBytes) {
        output.write(chunk);
        count += chunk.length;
        LockSupport.parkNanos(pause.toNanos());
      }
    }
    return count;
  }

  private static CompletableFuture<Long> in(TestNamespace namespace, Callable<Long> body) {
    CompletableFuture<Long> result = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                result.complete(namespace.call(body));
              } catch (Exception e) {
                result.completeExceptionally(e);
              }
            });
    return result;
  }
}
