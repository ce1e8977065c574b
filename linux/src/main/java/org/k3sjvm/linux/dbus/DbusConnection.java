package org.k3sjvm.linux.dbus;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * A connection for a few calls, one after the other; signals that arrive meanwhile are kept. One
 * thread. All of it must end within a time limit, or the connection closes; so does an interrupt.
 */
public final class DbusConnection implements AutoCloseable {
  private static final String BUS = "org.freedesktop.DBus";

  private final SocketChannel channel;
  private final Thread watchdog;
  private final List<DbusMessage> signals = new ArrayList<>();
  private int serial;

  /** Whom to call, in D-Bus's words. */
  public record Target(String destination, String path, String type) {}

  /**
   * A signal.
   *
   * @param arguments its body, from the start
   */
  public record Signal(String member, DbusReader arguments) {}

  private DbusConnection(SocketChannel channel, Duration limit) {
    this.channel = channel;
    watchdog = Thread.ofVirtual().name("dbus-limit").start(() -> closeAfter(limit));
  }

  /**
   * Connects to a message bus, which passes calls on and says who one is.
   *
   * @throws IOException when nobody listens, or the caller is not let in
   */
  public static DbusConnection toBus(Path socket, Duration limit) throws IOException {
    DbusConnection connection = toPeer(socket, limit);
    try {
      connection.call(new Target(BUS, "/org/freedesktop/DBus", BUS), "Hello", "", new DbusWriter());
      return connection;
    } catch (IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** Connects to somebody directly. */
  public static DbusConnection toPeer(Path socket, Duration limit) throws IOException {
    DbusConnection connection =
        new DbusConnection(SocketChannel.open(UnixDomainSocketAddress.of(socket)), limit);
    try {
      connection.authenticate();
      return connection;
    } catch (IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** Asks the bus for the signals of one kind. */
  public void listen(String rule) throws IOException {
    call(
        new Target(BUS, "/org/freedesktop/DBus", BUS),
        "AddMatch",
        "s",
        new DbusWriter().text(rule));
  }

  /**
   * Calls and waits for the answer.
   *
   * @param signature types of the arguments
   * @return the answer's body
   * @throws DbusException when the answer is an error
   */
  public DbusReader call(Target target, String member, String signature, DbusWriter arguments)
      throws IOException {
    int mine = ++serial;
    Map<Integer, String> fields =
        Map.of(
            DbusMessage.PATH, target.path(),
            DbusMessage.DESTINATION, target.destination(),
            DbusMessage.INTERFACE, target.type(),
            DbusMessage.MEMBER, member);
    send(DbusMessage.call(mine, fields, signature, arguments));
    while (true) {
      DbusMessage message = receive();
      switch (message.kind()) {
        case SIGNAL -> signals.add(message);
        case METHOD_RETURN -> {
          if (message.replyTo() == mine) {
            return message.reader();
          }
        }
        case ERROR -> {
          if (message.replyTo() == mine) {
            throw fault(message);
          }
        }
        case METHOD_CALL, OTHER -> {} // nobody may ask us anything
      }
    }
  }

  /** Waits for a signal, also one that came during a call. */
  public void await(Predicate<Signal> wanted) throws IOException {
    while (true) {
      while (!signals.isEmpty()) {
        DbusMessage message = signals.removeFirst();
        if (wanted.test(new Signal(message.field(DbusMessage.MEMBER), message.reader()))) {
          return;
        }
      }
      DbusMessage message = receive();
      if (message.kind() == DbusMessage.Kind.SIGNAL) {
        signals.add(message);
      }
    }
  }

  @Override
  public void close() {
    watchdog.interrupt();
    closeChannel();
  }

  private static DbusException fault(DbusMessage message) {
    boolean told = message.field(DbusMessage.SIGNATURE).startsWith("s");
    return new DbusException(
        message.field(DbusMessage.ERROR_NAME), told ? message.reader().text() : "");
  }

  /**
   * As the user that the kernel says we are. All goes out at once, as from systemd's own clients:
   * systemd does not look at a call that it read together with a late {@code BEGIN} before
   * something more arrives.
   */
  private void authenticate() throws IOException {
    int uid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    String hex = HexFormat.of().formatHex(("" + uid).getBytes(StandardCharsets.US_ASCII));
    send(("\0AUTH EXTERNAL " + hex + "\r\nBEGIN\r\n").getBytes(StandardCharsets.US_ASCII));
    StringBuilder line = new StringBuilder();
    while (line.length() < 512 && line.indexOf("\r\n") < 0) {
      line.append((char) read(1).get());
    }
    if (!line.toString().startsWith("OK ")) {
      throw new IOException("D-Bus refuses us: " + line.toString().strip());
    }
  }

  private DbusMessage receive() throws IOException {
    ByteBuffer fixed = read(DbusMessage.FIXED_BYTES);
    try {
      int length = DbusMessage.length(fixed);
      ByteBuffer rest = read(length - DbusMessage.FIXED_BYTES);
      return DbusMessage.parse(ByteBuffer.allocate(length).put(fixed).put(rest).array());
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IOException("D-Bus sent what is no message: " + e.getMessage(), e);
    }
  }

  private ByteBuffer read(int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    try {
      while (bytes.hasRemaining()) {
        if (channel.read(bytes) < 0) {
          throw new EOFException("D-Bus ended the connection");
        }
      }
    } catch (AsynchronousCloseException e) {
      throw new IOException("D-Bus did not answer in time", e);
    }
    return bytes.flip();
  }

  private void send(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private void closeAfter(Duration limit) {
    try {
      Thread.sleep(limit);
      closeChannel();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void closeChannel() {
    try {
      channel.close();
    } catch (IOException e) { // it is closed to us all the same
    }
  }
}
