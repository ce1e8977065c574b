package org.k3sjvm.kubelet.handler;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A server on loopback that does to each connection what a test wants. */
public final class RudeServer implements AutoCloseable {
  /** What happens to a connection, which is closed afterwards. */
  @FunctionalInterface
  public interface Manner {
    void treat(Socket client) throws IOException, InterruptedException;
  }

  private final ServerSocket socket;
  private final Thread thread;
  private final List<Thread> clients = Collections.synchronizedList(new ArrayList<>());
  private final List<String> heads = Collections.synchronizedList(new ArrayList<>());

  private RudeServer(ServerSocket socket, Manner manner) {
    this.socket = socket;
    this.thread = Thread.ofVirtual().start(() -> serve(manner));
  }

  /** Treats each connection in a way. */
  public static RudeServer that(Manner manner) throws IOException {
    return new RudeServer(new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1")), manner);
  }

  /** Reads a request and answers with a text, as it is. */
  public static RudeServer saying(String answer) throws IOException {
    RudeServer[] self = new RudeServer[1];
    self[0] =
        that(
            client -> {
              self[0].heads.add(head(client));
              write(client, answer);
            });
    return self[0];
  }

  /** The heads of requests, as far as they were read. */
  public List<String> heads() {
    return List.copyOf(heads);
  }

  public int port() {
    return socket.getLocalPort();
  }

  /** Reads up to an empty line. */
  public static String head(Socket client) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8));
    StringBuilder head = new StringBuilder();
    for (String l = lines.readLine(); l != null && !l.isEmpty(); l = lines.readLine()) {
      head.append(l).append('\n');
    }
    return head.toString();
  }

  public static void write(Socket client, String text) throws IOException {
    OutputStream out = client.getOutputStream();
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private void serve(Manner manner) {
    while (!socket.isClosed()) {
      try {
        Socket client = socket.accept();
        clients.add(Thread.ofVirtual().start(() -> treat(manner, client)));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private static void treat(Manner manner, Socket client) {
    try (client) {
      manner.treat(client);
    } catch (IOException e) {
      // The one who asked has left.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    clients.forEach(Thread::interrupt);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
