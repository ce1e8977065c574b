package org.k3sjvm.tunnel;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.time.Duration;

/**
 * A connection through a tunnel as a connected socket, so that TLS can be layered on it. Options of
 * TCP have no meaning here and are taken without effect; there is no half-close.
 */
final class TunnelSocket extends Socket {
  private final TunnelConnection connection;
  private final InetSocketAddress remote;
  private volatile boolean closed;
  private volatile int timeoutMillis;

  TunnelSocket(TunnelConnection connection, InetSocketAddress remote) {
    this.connection = connection;
    this.remote = remote;
  }

  @Override
  public InputStream getInputStream() throws SocketException {
    requireOpen();
    return connection.input();
  }

  @Override
  public OutputStream getOutputStream() throws SocketException {
    requireOpen();
    return connection.output();
  }

  @Override
  public void setSoTimeout(int timeout) throws SocketException {
    requireOpen();
    timeoutMillis = timeout;
    connection.readTimeout(Duration.ofMillis(timeout));
  }

  @Override
  public int getSoTimeout() {
    return timeoutMillis;
  }

  @Override
  public boolean isConnected() {
    return true;
  }

  @Override
  public boolean isBound() {
    return true;
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public InetAddress getInetAddress() {
    return remote.getAddress();
  }

  @Override
  public int getPort() {
    return remote.getPort();
  }

  @Override
  public SocketAddress getRemoteSocketAddress() {
    return remote;
  }

  @Override
  public void setTcpNoDelay(boolean on) {}

  @Override
  public void setKeepAlive(boolean on) {}

  @Override
  public void setSoLinger(boolean on, int linger) {}

  @Override
  public int getSoLinger() {
    return -1;
  }

  @Override
  public void shutdownInput() {}

  @Override
  public void shutdownOutput() {}

  @Override
  public void close() {
    closed = true;
    connection.close("EOF");
    connection.discardInput();
  }

  @Override
  public String toString() {
    return "TunnelSocket[" + remote + "]";
  }

  private void requireOpen() throws SocketException {
    if (closed) {
      throw new SocketException("Socket is closed");
    }
  }
}
