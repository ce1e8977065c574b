package org.k3sjvm.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** A request's body under the server's limit; invites a client that waits for 100 Continue. */
final class RequestBody extends InputStream {
  private static final byte[] CONTINUE =
      "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final BodyInput framed;
  private final Duplex connection;
  private final long limit;
  private long taken;
  private boolean expected;

  RequestBody(BodyInput framed, Duplex connection, long limit, boolean expectsContinue) {
    this.framed = framed;
    this.connection = connection;
    this.limit = limit;
    this.expected = expectsContinue;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int count) throws IOException {
    if (expected) {
      expected = false;
      connection.output().write(CONTINUE);
      connection.output().flush();
    }
    int n = framed.read(bytes, offset, count);
    if (n > 0) {
      taken += n;
      if (taken > limit) {
        throw new BodyTooLargeException(limit);
      }
    }
    return n;
  }

  /**
   * Reads what the handler left, so that the next request can follow and the client, still writing,
   * sees our answer; says whether the end was reached within the allowance.
   */
  boolean skipRest(int allowanceBytes) throws IOException {
    if (expected) {
      return framed.finished();
    }
    byte[] rest = new byte[2048];
    int skipped = 0;
    while (!framed.finished() && skipped < allowanceBytes) {
      int n = framed.read(rest, 0, rest.length);
      if (n < 0) {
        break;
      }
      skipped += n;
    }
    return framed.finished();
  }
}
