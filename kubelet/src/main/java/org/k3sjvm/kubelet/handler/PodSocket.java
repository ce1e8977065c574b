package org.k3sjvm.kubelet.handler;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A connection whose reads all end with one deadline, TLS handshakes on top of it included. What is
 * written has to fit the kernel's buffer for that to hold. Never through a proxy.
 */
public final class PodSocket extends Socket {
  /** Source: Kubernetes v1.36 pkg/probe/dialer_others.go. */
  private static final int LINGER_SECONDS = 1;

  private final Deadline deadline;

  private PodSocket(Deadline deadline) {
    super(Proxy.NO_PROXY);
    this.deadline = deadline;
  }

  /**
   * Connects and hangs up.
   *
   * @param limit for all of it; zero for none
   * @throws IOException with a text for users, such as {@code dial tcp 10.0.0.1:80: connect:
   *     connection refused}
   */
  public static void dial(String host, int port, Duration limit) throws IOException {
    try {
      connect(host, port, Deadline.in(limit)).close();
    } catch (SocketTimeoutException e) {
      throw new IOException("dial tcp " + Texts.address(host, port) + ": i/o timeout", e);
    }
  }

  /**
   * Connects for a conversation.
   *
   * @param limit for all of it
   * @throws SocketTimeoutException when the time is over
   * @throws IOException with a text for users
   */
  public static PodSocket connect(String host, int port, Duration limit) throws IOException {
    return connect(host, port, Deadline.in(limit));
  }

  static PodSocket connect(String host, int port, Deadline deadline) throws IOException {
    @Nullable IOException first = null;
    for (InetAddress address : addresses(host)) {
      PodSocket socket = new PodSocket(deadline);
      try {
        socket.setSoLinger(true, LINGER_SECONDS);
        socket.connect(new InetSocketAddress(address, port), deadline.leftMillis());
        return socket;
      } catch (SocketTimeoutException e) {
        socket.abort();
        throw e;
      } catch (IOException e) {
        socket.abort();
        if (first == null) {
          first = new IOException(Texts.dial(host, port, e), e);
        }
      }
    }
    throw first != null ? first : new UnknownHostException(host);
  }

  private static InetAddress[] addresses(String host) throws IOException {
    try {
      return InetAddress.getAllByName(host);
    } catch (UnknownHostException e) {
      throw new IOException("dial tcp: lookup " + host + ": no such host", e);
    }
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return new Limited(super.getInputStream());
  }

  /** Closes without waiting for a peer that does not answer. Does not throw. */
  public void abort() {
    try {
      setSoLinger(true, 0);
    } catch (IOException e) {
      // It is closed already, or about to be.
    }
    try {
      close();
    } catch (IOException e) {
      // There is nobody to tell.
    }
  }

  private final class Limited extends InputStream {
    private final InputStream source;

    Limited(InputStream source) {
      this.source = source;
    }

    @Override
    public int read() throws IOException {
      setSoTimeout(deadline.leftMillis());
      return source.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      setSoTimeout(deadline.leftMillis());
      return source.read(bytes, offset, count);
    }

    @Override
    public int available() throws IOException {
      return source.available();
    }
  }
}
