package org.k3sjvm.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;

/** A socket as a {@link Duplex}. */
public final class SocketDuplex implements Duplex {
  private final Socket socket;
  private final Socket transport;
  private final InputStream input;
  private final OutputStream output;

  /**
   * Takes over a connected socket.
   *
   * @throws IOException when it is not connected
   */
  public SocketDuplex(Socket socket) throws IOException {
    this(socket, socket);
  }

  /**
   * Takes over a connected socket that runs over another one, as TLS does. Closing closes the
   * transport at once: the good-bye of TLS would wait for a write that a stalled peer holds up.
   *
   * @throws IOException when it is not connected
   */
  public SocketDuplex(Socket socket, Socket transport) throws IOException {
    this.socket = socket;
    this.transport = transport;
    this.input = socket.getInputStream();
    this.output = socket.getOutputStream();
  }

  @Override
  public InputStream input() {
    return input;
  }

  @Override
  public OutputStream output() {
    return output;
  }

  @Override
  public void readTimeout(Duration limit) throws IOException {
    socket.setSoTimeout(limit.isZero() ? 0 : Math.clamp(limit.toMillis(), 1, Integer.MAX_VALUE));
  }

  @Override
  public void closeOutput() throws IOException {
    socket.shutdownOutput();
  }

  @Override
  public void close() {
    try {
      transport.close();
    } catch (IOException e) {
      // A socket that cannot be closed is closed.
    }
  }
}
