package org.k3sjvm.serviceproxy.health;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers GET with a few bytes and closes: no connection is kept, no body read, so that a node with
 * many health check ports needs a virtual thread for each and nothing more.
 */
final class SmallHttp implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SmallHttp.class);

  private static final int LARGEST_HEAD_BYTES = 8 << 10;
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int AT_ONCE = 16; // connections; more wait in the kernel's queue
  private static final int BACKLOG = 64;
  private static final String END_OF_HEAD = "\r\n\r\n";

  /**
   * An answer.
   *
   * @param headers lines, each with its end
   */
  record Answer(int status, String contentType, String headers, String body) {}

  private final ServerSocket listener;
  private final Function<String, Answer> answers;
  private final Semaphore room = new Semaphore(AT_ONCE);
  private final Thread thread;

  private SmallHttp(ServerSocket listener, Function<String, Answer> answers) {
    this.listener = listener;
    this.answers = answers;
    this.thread = Thread.ofVirtual().name("http " + listener).unstarted(this::serve);
  }

  /**
   * Listens and serves until closed.
   *
   * @param answers by path
   * @throws IOException when it cannot listen there
   */
  static SmallHttp start(HostPort address, Function<String, Answer> answers) throws IOException {
    ServerSocket listener = new ServerSocket();
    try {
      listener.setReuseAddress(true);
      listener.bind(new InetSocketAddress(address.host(), address.port()), BACKLOG);
    } catch (IOException e) {
      listener.close();
      throw new IOException("cannot listen on " + address + ": " + e.getMessage(), e);
    }
    SmallHttp http = new SmallHttp(listener, answers);
    http.thread.start();
    return http;
  }

  int port() {
    return listener.getLocalPort();
  }

  /** The port is free when this returns. */
  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      log.atDebug().addKeyValue("reason", e.getMessage()).log("a listener did not close");
    }
    thread.interrupt();
    try {
      thread.join(PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve() {
    try {
      while (!listener.isClosed()) {
        room.acquire();
        accept();
      }
    } catch (InterruptedException e) {
      log.atTrace().addKeyValue("listener", listener).log("closed");
    }
  }

  /** A process without free file descriptors is told so at once, time and again. */
  private void accept() throws InterruptedException {
    try {
      Socket client = listener.accept();
      Thread.ofVirtual().start(() -> answer(client));
    } catch (IOException e) {
      room.release();
      if (!listener.isClosed()) {
        log.atDebug().addKeyValue("reason", e.getMessage()).log("no connection accepted");
        Sleeper.SYSTEM.sleep(PAUSE);
      }
    }
  }

  private void answer(Socket client) {
    try (client) {
      client.setSoTimeout((int) PATIENCE.toMillis());
      String line = head(new BufferedInputStream(client.getInputStream(), 1 << 10));
      String[] words = line.split(" ", -1);
      boolean asks = words.length == 3 && (words[0].equals("GET") || words[0].equals("HEAD"));
      Answer answer =
          asks
              ? answers.apply(words[1].replaceFirst("\\?.*", ""))
              : new Answer(405, "text/plain", "", "");
      byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
      String head =
          "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nX-Content-Type-Options: nosniff\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n"
              .formatted(
                  answer.status(),
                  reason(answer.status()),
                  answer.contentType(),
                  answer.headers(),
                  body.length);
      client.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
      if (!words[0].equals("HEAD")) {
        client.getOutputStream().write(body);
      }
      client.getOutputStream().flush();
    } catch (IOException e) {
      log.atTrace().addKeyValue("reason", e.getMessage()).log("a client left");
    } finally {
      room.release();
    }
  }

  /** The first line of a request, which is read whole. */
  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.length() < LARGEST_HEAD_BYTES) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the client sent half a request");
      }
      head.append((char) next);
      if (next == '\n' && head.indexOf(END_OF_HEAD, head.length() - END_OF_HEAD.length()) >= 0) {
        return head.substring(0, head.indexOf("\r\n"));
      }
    }
    throw new IOException("the client sent too much");
  }

  private static String reason(int status) {
    return switch (status) {
      case 200 -> "OK";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 503 -> "Service Unavailable";
      default -> "Answer";
    };
  }
}
