package org.k3sjvm.linux.systemd;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.dbus.DbusConnection;
import org.k3sjvm.linux.dbus.DbusConnection.Target;
import org.k3sjvm.linux.dbus.DbusException;
import org.k3sjvm.linux.dbus.DbusValue;
import org.k3sjvm.linux.dbus.DbusWriter;

/**
 * The host's systemd, through the system bus or else its own socket. A connection lasts for one
 * call: pods start and end rarely enough, and nothing waits in between.
 *
 * <p>Our own few messages in place of a library, which would bring its threads and 1 MB of classes,
 * or of {@code systemctl}, which starts a process for each change.
 *
 * <p>Source: org.freedesktop.systemd1(5) and go-systemd v22 dbus.
 */
public final class SystemdUnits implements Units {
  private static final Path BUS = Path.of("/run/dbus/system_bus_socket");
  private static final Path PRIVATE = Path.of("/run/systemd/private");

  /** Source: runc, cgroups/systemd/common.go, startUnit. */
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static final String NAME = "org.freedesktop.systemd1";
  private static final String PATH = "/org/freedesktop/systemd1";
  private static final Target MANAGER = new Target(NAME, PATH, NAME + ".Manager");
  private static final Target PROPERTIES =
      new Target(NAME, PATH, "org.freedesktop.DBus.Properties");

  private final Path bus;
  private final Path peer;
  private final AtomicInteger version = new AtomicInteger();

  /** This host's. */
  public SystemdUnits() {
    this(BUS, PRIVATE);
  }

  /**
   * With sockets of its own.
   *
   * @param bus of the message bus
   * @param peer of systemd itself, used when there is no bus
   */
  public SystemdUnits(Path bus, Path peer) {
    this.bus = bus;
    this.peer = peer;
  }

  /** What to do over a connection. */
  private interface Step<T> {
    T run(DbusConnection connection) throws IOException;
  }

  @Override
  public void start(String name, Map<String, DbusValue> properties) {
    ask(
        "start systemd unit " + name,
        connection -> {
          DbusWriter arguments =
              new DbusWriter().text(name).text("replace").properties(properties).noStructures();
          try {
            job(connection, "StartTransientUnit", "ssa(sv)a(sa(sv))", arguments, true);
          } catch (DbusException e) {
            if (!e.name().equals(NAME + ".UnitExists")) {
              throw e;
            }
          }
          return true;
        });
  }

  @Override
  public void set(String name, Map<String, DbusValue> properties) {
    ask(
        "change systemd unit " + name,
        connection ->
            connection.call(
                MANAGER,
                "SetUnitProperties",
                "sba(sv)",
                new DbusWriter().text(name).flag(true).properties(properties)));
  }

  @Override
  public void stop(String name) {
    ask(
        "stop systemd unit " + name,
        connection -> {
          try {
            job(connection, "StopUnit", "ss", new DbusWriter().text(name).text("replace"), false);
            connection.call(MANAGER, "ResetFailedUnit", "s", new DbusWriter().text(name));
          } catch (DbusException e) {
            if (!e.name().equals(NAME + ".NoSuchUnit")) {
              throw e;
            }
          }
          return true;
        });
  }

  @Override
  public int version() {
    if (version.get() == 0) {
      String text =
          ask(
              "ask systemd for its version",
              connection ->
                  connection
                      .call(
                          PROPERTIES,
                          "Get",
                          "ss",
                          new DbusWriter().text(NAME + ".Manager").text("Version"))
                      .textVariant());
      Matcher number = Pattern.compile("\\d+").matcher(text);
      version.set(number.find() ? Integer.parseInt(number.group()) : 1);
    }
    return version.get();
  }

  /** Calls what begins a job, and waits for the job's end. */
  private static void job(
      DbusConnection connection,
      String member,
      String signature,
      DbusWriter arguments,
      boolean mustSucceed)
      throws IOException {
    String job = connection.call(MANAGER, member, signature, arguments).text();
    connection.await(
        signal -> {
          if (!signal.member().equals("JobRemoved")) {
            return false;
          }
          int _ = signal.arguments().number();
          if (!signal.arguments().text().equals(job)) {
            return false;
          }
          String unit = signal.arguments().text();
          String result = signal.arguments().text();
          if (mustSucceed && !result.equals("done")) {
            throw new LinuxException.Failed("systemd did not start " + unit + ": " + result, 0);
          }
          return true;
        });
  }

  private <T> T ask(String attempt, Step<T> step) {
    try (DbusConnection connection = connect()) {
      return step.run(connection);
    } catch (DbusException e) {
      if (e.name().equals(NAME + ".NoSuchUnit")) {
        throw new LinuxException.NotFound("cannot " + attempt + ": " + e.getMessage(), e);
      }
      throw new LinuxException.Failed("cannot " + attempt + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new LinuxException.Failed("cannot " + attempt + ": " + e.getMessage(), e);
    }
  }

  private DbusConnection connect() throws IOException {
    DbusConnection connection;
    try {
      connection = DbusConnection.toBus(bus, LIMIT);
    } catch (IOException noBus) {
      try {
        return DbusConnection.toPeer(peer, LIMIT);
      } catch (IOException e) {
        e.addSuppressed(noBus);
        throw new IOException("systemd is not to be reached at " + bus + " or " + peer, e);
      }
    }
    try {
      connection.listen(
          "type='signal',sender='"
              + NAME
              + "',interface='"
              + MANAGER.type()
              + "',member='JobRemoved'");
      connection.call(MANAGER, "Subscribe", "", new DbusWriter());
      return connection;
    } catch (IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }
}
