package org.k3sjvm.http;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/**
 * Bytes both ways: a TCP or TLS connection, or what is left of one after an HTTP upgrade.
 *
 * <p>Reads and writes block the calling (virtual) thread; a write blocks while the peer does not
 * read. One thread may read while another writes. Closing from any thread ends both with an {@link
 * IOException}.
 */
public interface Duplex extends Closeable {
  /** The bytes from the peer. Closing the stream does nothing; close the duplex. */
  InputStream input();

  /** The bytes to the peer, unbuffered. Closing the stream does nothing; close the duplex. */
  OutputStream output();

  /**
   * How long a single read may wait before it throws {@link java.net.SocketTimeoutException}; zero
   * for ever, which is the default.
   */
  void readTimeout(Duration limit) throws IOException;

  /** Tells the peer that no more bytes follow; reading goes on. */
  void closeOutput() throws IOException;

  /** Ends the connection after the bytes written before; idempotent, does not block for long. */
  @Override
  void close();
}
