import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;

/** Front ADDRESS PORT FILE: a fixed registration address; connections go to the first server of the file, one host a line, that takes them. */
final class Front {
  private static final int PATIENCE_MILLIS = 500;

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[1]);
    try (ServerSocket server = new ServerSocket()) {
      server.bind(new InetSocketAddress(arguments[0], port), 512);
      while (true) {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> forward(client, Path.of(arguments[2]), port));
      }
    }
  }

  private static void forward(Socket client, Path servers, int port) {
    try (client) {
      for (String host : Files.readAllLines(servers)) {
        try (Socket server = new Socket()) {
          try {
            server.connect(new InetSocketAddress(host, port), PATIENCE_MILLIS);
          } catch (IOException e) {
            continue;
          }
          Thread answers = Thread.ofVirtual().start(() -> copy(server, client));
          copy(client, server);
          answers.join();
          return;
        }
      }
    } catch (IOException | InterruptedException e) {
      // The client left.
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      // One side is gone: so is the other.
      try {
        from.close();
        to.close();
      } catch (IOException alreadyGone) {
        return;
      }
    }
  }
}
