package org.k3sjvm.kubelet.handler;

import java.io.EOFException;
import java.io.IOException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import javax.net.ssl.SSLException;

/** Faults and times in the words that users know from events. Source: Go's net and net/http. */
public final class Texts {
  /** What a client says that was answered in plain text. Source: Go's net/http. */
  static final String HTTP_TO_HTTPS = "http: server gave HTTP response to HTTPS client";

  private static final String NOT_TLS = "Unsupported or unrecognized SSL message";

  private Texts() {}

  /** {@code 10.0.0.1:80}, {@code [fd00::1]:80}. */
  public static String address(String host, int port) {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /** As Go prints whole seconds: {@code 10s}, {@code 1m20s}, {@code 1h0m0s}. */
  public static String duration(Duration time) {
    long s = time.toSeconds();
    return s < 60
        ? s + "s"
        : s < 3600
            ? s / 60 + "m" + s % 60 + "s"
            : s / 3600 + "h" + s % 3600 / 60 + "m" + s % 60 + "s";
  }

  static String dial(String host, int port, IOException e) {
    String what =
        e instanceof NoRouteToHostException
            ? "no route to host"
            : lower(String.valueOf(message(e)));
    return "dial tcp " + address(host, port) + ": connect: " + what;
  }

  /** Why there was no answer. */
  static String exchange(IOException e) {
    return switch (e) {
      case SocketTimeoutException _ ->
          "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
      case EOFException _ -> message(e);
      case SSLException _ ->
          String.valueOf(e.getMessage()).contains(NOT_TLS) ? HTTP_TO_HTTPS : "tls: " + message(e);
      case SocketException _ -> reset(e);
      default -> message(e);
    };
  }

  /** Why the body of an answer did not come. */
  static String body(IOException e) {
    return switch (e) {
      case SocketTimeoutException _ ->
          "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
      case SocketException _ -> reset(e);
      default -> message(e);
    };
  }

  private static String reset(IOException e) {
    String text = message(e);
    return text.startsWith("Connection reset") ? "read: connection reset by peer" : lower(text);
  }

  private static String message(IOException e) {
    return Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
  }

  private static String lower(String text) {
    return text.isEmpty()
        ? text
        : text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
  }
}
