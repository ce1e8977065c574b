package org.k3sjvm.server.api.rest;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.http.websocket.WebSocket;
import org.k3sjvm.http.websocket.WebSocketHandshake;

/**
 * A log over a WebSocket: one message for each piece that arrives, then the close. Source:
 * k8s.io/apiserver v0.36 pkg/util/wsstream, Reader.
 */
final class LogSocket {
  private static final String BINARY = "binary.k8s.io";
  private static final String BASE64 = "base64.binary.k8s.io";
  private static final int CLIENT_MESSAGE_BYTES = 4096;
  private static final int NORMAL_CLOSURE = 1000; // RFC 6455, section 7.4.1

  private LogSocket() {}

  static void send(Request request, Response response, InputStream log) throws IOException {
    List<String> offered = WebSocketHandshake.offered(request);
    Optional<String> chosen =
        offered.stream().filter(name -> name.equals(BINARY) || name.equals(BASE64)).findFirst();
    try (WebSocket socket =
        WebSocketHandshake.accept(request, response, chosen, CLIENT_MESSAGE_BYTES)) {
      boolean text = chosen.filter(BASE64::equals).isPresent();
      byte[] buffer = new byte[8192];
      for (int n = log.read(buffer); n >= 0; n = log.read(buffer)) {
        byte[] piece = Arrays.copyOf(buffer, n);
        if (text) {
          socket.sendText(Base64.getEncoder().encodeToString(piece));
        } else {
          socket.sendBinary(piece);
        }
      }
      socket.sendClose(NORMAL_CLOSURE, "");
    }
  }
}
