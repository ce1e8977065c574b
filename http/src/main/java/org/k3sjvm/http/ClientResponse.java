package org.k3sjvm.http;

import java.io.InputStream;

/**
 * What a server answered.
 *
 * @param status at least 101; earlier ones are skipped
 * @param reason the phrase behind the status, may be empty
 * @param headers as sent
 * @param body the decoded body, read from the connection as it comes; empty after a 101
 */
public record ClientResponse(int status, String reason, Headers headers, InputStream body) {
  /** Whether the connection changed to another protocol, so that its bare streams may be used. */
  public boolean upgraded() {
    return status == 101;
  }
}
