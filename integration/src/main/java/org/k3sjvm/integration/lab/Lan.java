package org.k3sjvm.integration.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.k3sjvm.cri.testing.Scratch;

/**
 * A network with hosts on it, apart from the machine's own and from every other:
 *
 * {@snippet :
 * try (Lan lan = Lan.create("join")) {
 *   Host server = lan.host("server");
 *   Host node = lan.host("n1");
 *   HostProcess agent = node.start("agent", "k3s", "agent", "--server", "https://10.99.0.11:6443");
 * }
 * }
 *
 * <p>The hosts share a bridge, whose own address is 10.99.0.1 and leads nowhere else. Closing it
 * ends every host; a run that is killed leaves only files, which the next one removes. One thread
 * at a time.
 */
public final class Lan implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final String NETWORK = "10.99.0.";
  private static final String BRIDGE_ADDRESS = NETWORK + "1";
  private static final int FIRST_HOST = 11;

  private final Scratch scratch;
  private final Holder bridge;
  private final String group;
  private final List<Host> hosts = new ArrayList<>();

  private Lan(Scratch scratch, Holder bridge, String group) {
    this.scratch = scratch;
    this.bridge = bridge;
    this.group = group;
  }

  /**
   * A network without hosts.
   *
   * @param name short, for directories; need not be unique
   */
  public static Lan create(String name) throws InterruptedException {
    ControlGroups.removeLeftovers();
    try {
      Scratch scratch = Scratch.create(name);
      Path log = Files.createFile(scratch.path().resolve("bridge.log"));
      Holder bridge = Holder.start("bridge.sh", log, List.of(BRIDGE_ADDRESS + "/24"));
      String group =
          ControlGroups.PREFIX + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
      return new Lan(scratch, bridge, group);
    } catch (IOException e) {
      throw new LabException("cannot make a network: " + e.getMessage(), e);
    }
  }

  /**
   * Adds a host. The first one has 10.99.0.11, the next one 10.99.0.12, and so on.
   *
   * @param name its host name; unique on this network
   */
  public Host host(String name) throws InterruptedException {
    int number = FIRST_HOST + hosts.size();
    Path home = scratch.path().resolve(name);
    try {
      Files.createDirectory(home);
    } catch (IOException e) {
      throw new LabException("cannot make host " + name + ": " + e, e);
    }
    Path log = home.resolve("host.log");
    List<String> arguments = new ArrayList<>(List.of(name, home.toString(), group + "-" + name));
    arguments.addAll(Host.PRIVATE_DIRECTORIES);
    Holder holder = Holder.start("host.sh", log, arguments);
    String address = NETWORK + number;
    Host host = new Host(name, address, home, holder, cable(number));
    hosts.add(host);
    plugIn(number, holder, address);
    return host;
  }

  /** A directory of the test's own, visible on every host under the same path. */
  public Path directory() {
    return scratch.path();
  }

  /** Ends every host and removes what they wrote. */
  @Override
  public void close() {
    hosts.reversed().forEach(Host::close);
    bridge.close();
    try {
      scratch.close();
    } catch (IOException e) {
      throw new LabException("cannot remove " + scratch.path() + ": " + e, e);
    }
  }

  private void plugIn(int number, Holder holder, String address) throws InterruptedException {
    String port = "port" + number;
    String script =
        """
        set -eu
        ip link add "$1" type veth peer name eth0 netns "$2"
        ip link set "$1" master lan up
        exec nsenter -t "$2" -n sh -euc 'ip addr add "$1/24" dev eth0; ip link set eth0 up; ip route add default via "$2"' sh "$3" "$4"
        """;
    Shell.run(
            List.of(
                "nsenter",
                "-t",
                "" + bridge.pid(),
                "-n",
                "sh",
                "-c",
                script,
                "sh",
                port,
                "" + holder.pid(),
                address,
                BRIDGE_ADDRESS))
        .text();
  }

  private Host.Cable cable(int number) {
    return state ->
        Shell.run(
                List.of(
                    "nsenter",
                    "-t",
                    "" + bridge.pid(),
                    "-n",
                    "ip",
                    "link",
                    "set",
                    "port" + number,
                    state))
            .text();
  }
}
