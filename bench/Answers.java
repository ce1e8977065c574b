import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Answers PORT: says 200 to whoever asks over HTTP, and counts nothing. */
final class Answers {
  private static final byte[] OK =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".getBytes(StandardCharsets.US_ASCII);

  public static void main(String[] arguments) throws Exception {
    try (ServerSocket server = new ServerSocket()) {
      server.bind(new InetSocketAddress(Integer.parseInt(arguments[0])), 512);
      while (true) {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> answer(client));
      }
    }
  }

  private static void answer(Socket client) {
    try (client) {
      InputStream in = client.getInputStream();
      if (in.read(new byte[2048]) > 0) {
        OutputStream out = client.getOutputStream();
        out.write(OK);
      }
    } catch (java.io.IOException e) {
      // The one who asked has left.
    }
  }
}
