package org.k3sjvm.serviceproxy;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.linux.filter.NftCommand;
import org.k3sjvm.linux.netlink.NetlinkConnections;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.testing.FakeSysctls;
import org.k3sjvm.linux.testing.TestNamespace;
import org.k3sjvm.serviceproxy.health.ProxyMetrics;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.ServiceFacts;
import org.k3sjvm.serviceproxy.rules.RuleSettings;

/**
 * A node with pods on a bridge and a neighbour on its network, each a network namespace; the
 * proxy's steps are called by the test. Pods answer with their name and whom they see.
 */
final class ServiceRig {
  static final int PORT = 8080;
  static final Duration PATIENCE = Duration.ofMillis(700);

  final TestNamespace node;
  final TestNamespace lan;
  ServiceTable table = new ServiceTable("n1", () -> {});
  ProxyHost host;
  Syncer syncer;
  RuleSettings rules =
      RuleSettings.of(
          List.of(Cidr.parse("10.42.0.0/16"), Cidr.parse("fd42::/56")),
          List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("fd43::/112")));

  private final Set<ObjectName> names = new HashSet<>();
  private final Map<String, TestNamespace> pods = new TreeMap<>();
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  ServiceRig() throws Exception {
    node = namespace("node");
    lan = namespace("lan");
    node.exec("ip", "link", "add", "cni0", "type", "bridge");
    node.exec("ip", "link", "set", "cni0", "up");
    node.address("cni0", "10.42.1.1/24", "fd42:0:0:1::1/64");
    lan.cable("eth0", node, "eth0");
    node.address("eth0", "192.168.77.11/24", "fd77::11/64");
    lan.address("eth0", "192.168.77.1/24", "fd77::1/64");
    node.exec("ip", "route", "add", "default", "via", "192.168.77.1");
    node.exec("ip", "-6", "route", "add", "default", "via", "fd77::1");
    sysctl(node, "net/ipv4/ip_forward", "1");
    sysctl(node, "net/ipv6/conf/all/forwarding", "1");
    bridgeIsFiltered(true);
    for (int i = 1; i <= 3; i++) {
      pod("pod" + i, i + 1);
    }
    start();
  }

  /** A new proxy, as after a restart of the agent; the kernel keeps what it has. */
  void start() throws Exception {
    ChildProcesses commands = new ChildProcesses(List.of("nsenter", "--net=" + node.path()));
    host =
        new ProxyHost(
            new NftCommand(commands),
            opened(node.call(NetlinkFilterElements::open)),
            opened(node.call(NetlinkConnections::open)),
            new FakeSysctls(),
            commands);
    syncer =
        new Syncer(
            new ServiceProxyConfig(
                "n1",
                List.of(ip("192.168.77.11"), ip("fd77::11")),
                Set.of(Family.IPV4, Family.IPV6),
                rules,
                Optional.<HostPort>empty(),
                Optional.<HostPort>empty(),
                Duration.ZERO,
                Duration.ofSeconds(30),
                Optional.empty()),
            host,
            table,
            new ProxyMetrics());
  }

  /** {@link #start}, and its first step. */
  void restart() throws Exception {
    start();
    table.awaitChange(Duration.ZERO);
    syncer.step(names, false);
  }

  /** A new proxy that hears nothing of an API server. */
  void startAlone(ServiceFacts remembered) throws Exception {
    table = new ServiceTable("n1", () -> {});
    table.believe(remembered);
    start();
    step();
  }

  /** As if a service had been deleted while there was no agent. */
  void forget(String name) throws Exception {
    names.remove(new ObjectName("default", name));
    table.onService(new ReflectorEvent.Deleted<>(new ObjectName("default", name), "uid"));
    table.awaitChange(Duration.ZERO);
  }

  /** Whether a set still has clients after so long. */
  boolean remembersClientsFor(Duration limit) throws Exception {
    long deadline = System.nanoTime() + limit.toNanos();
    while (rules(Family.IPV4).contains("expires")) {
      if (System.nanoTime() > deadline) {
        return true;
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
    return false;
  }

  static InetAddress ip(String text) {
    return IpAddresses.parse(text);
  }

  TestNamespace pod(String name) {
    return Optional.ofNullable(pods.get(name)).orElseThrow();
  }

  void bridgeIsFiltered(boolean filtered) throws Exception {
    sysctl(node, "net/bridge/bridge-nf-call-iptables", filtered ? "1" : "0");
    sysctl(node, "net/bridge/bridge-nf-call-ip6tables", filtered ? "1" : "0");
  }

  /** Sets services and slices, all of their kind, and takes a step. */
  void program(String... objects) throws Exception {
    put(objects);
    step();
  }

  void put(String... objects) {
    for (String object : objects) {
      if (object.contains("addressType")) {
        table.onSlice(new ReflectorEvent.Added<>(KubeJson.read(object, EndpointSlice.class)));
      } else {
        Service service = KubeJson.read(object, Service.class);
        names.add(ObjectName.of(service));
        table.onService(new ReflectorEvent.Added<>(service));
      }
    }
    table.onService(new ReflectorEvent.Synced<>());
    table.onSlice(new ReflectorEvent.Synced<>());
  }

  void remove(String name) throws Exception {
    names.remove(new ObjectName("default", name));
    table.onService(new ReflectorEvent.Deleted<>(new ObjectName("default", name), "uid"));
    table.onSlice(new ReflectorEvent.Deleted<>(new ObjectName("default", name), "uid"));
    table.onSlice(new ReflectorEvent.Deleted<>(new ObjectName("default", name + "-v6"), "uid"));
    step();
  }

  Syncer.Result step() throws Exception {
    ServiceTable.Changes changes = table.awaitChange(Duration.ZERO);
    return syncer.step(changes.names(), !changes.told());
  }

  /** What a TCP server at an address says, "refused" or "timeout". */
  static String ask(TestNamespace from, String address, int port) throws Exception {
    return from.call(
        () -> {
          try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(ip(address), port), (int) PATIENCE.toMillis());
            socket.setSoTimeout((int) PATIENCE.toMillis());
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
          } catch (SocketTimeoutException e) {
            return "timeout";
          } catch (IOException e) {
            return String.valueOf(e.getMessage()).contains("unreachable")
                ? "unreachable"
                : "refused";
          }
        });
  }

  /** What many clients hear: answers by how often. */
  static Map<String, Integer> askMany(TestNamespace from, String address, int port, int times)
      throws Exception {
    return from.call(
        () -> {
          Map<String, Integer> answers = new TreeMap<>();
          for (int i = 0; i < times; i++) {
            try (Socket socket = new Socket()) {
              socket.connect(new InetSocketAddress(ip(address), port), (int) PATIENCE.toMillis());
              socket.setSoTimeout((int) PATIENCE.toMillis());
              answers.merge(
                  new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8),
                  1,
                  Integer::sum);
            } catch (SocketTimeoutException e) {
              answers.merge("timeout", 1, Integer::sum);
            } catch (IOException e) {
              answers.merge("refused", 1, Integer::sum);
            }
          }
          return answers;
        });
  }

  /** A UDP client that keeps its port. */
  DatagramSocket udpClient(TestNamespace from, String address, int port) throws Exception {
    DatagramSocket socket = from.call(DatagramSocket::new);
    opened(socket);
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.connect(new InetSocketAddress(ip(address), port));
    return socket;
  }

  static String say(DatagramSocket socket) throws IOException {
    try {
      socket.send(new DatagramPacket(new byte[] {1}, 1));
      DatagramPacket answer = new DatagramPacket(new byte[256], 256);
      socket.receive(answer);
      return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
    } catch (SocketTimeoutException e) {
      return "timeout";
    } catch (PortUnreachableException e) {
      return "refused";
    }
  }

  String rules(Family family) throws Exception {
    return host.filter().show(family.table()).orElse("");
  }

  void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  private void pod(String name, int number) throws Exception {
    TestNamespace pod = namespace(name);
    pods.put(name, pod);
    pod.cable("eth0", node, "veth" + number);
    node.exec("ip", "link", "set", "veth" + number, "master", "cni0");
    node.exec("ip", "link", "set", "veth" + number, "type", "bridge_slave", "hairpin", "on");
    pod.address("eth0", "10.42.1." + number + "/24", "fd42:0:0:1::" + number + "/64");
    pod.exec("ip", "route", "add", "default", "via", "10.42.1.1");
    pod.exec("ip", "-6", "route", "add", "default", "via", "fd42:0:0:1::1");
    serveTcp(name, pod);
    serveUdp(name, pod);
  }

  private void serveTcp(String name, TestNamespace pod) throws Exception {
    ServerSocket server = opened(pod.call(() -> new ServerSocket(PORT, 200)));
    Thread.ofVirtual()
        .start(
            () -> {
              while (!server.isClosed()) {
                answer(name, server);
              }
            });
  }

  private static void answer(String name, ServerSocket server) {
    try (Socket client = server.accept()) {
      String text = name + " saw " + text(client.getInetAddress());
      client.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      Thread.onSpinWait(); // closed, or the client left
    }
  }

  private void serveUdp(String name, TestNamespace pod) throws Exception {
    DatagramSocket server = opened(pod.call(() -> new DatagramSocket(PORT)));
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                while (true) {
                  DatagramPacket packet = new DatagramPacket(new byte[16], 16);
                  server.receive(packet);
                  String text = name + " saw " + text(packet.getAddress());
                  byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                  server.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
                }
              } catch (IOException e) {
                if (!server.isClosed()) {
                  throw new UncheckedIOException(e);
                }
              }
            });
  }

  private static String text(InetAddress address) {
    return IpAddresses.text(address);
  }

  private TestNamespace namespace(String label) throws Exception {
    TestNamespace namespace = opened(TestNamespace.create("svc-" + label));
    sysctl(namespace, "net/ipv6/conf/all/accept_dad", "0");
    sysctl(namespace, "net/ipv6/conf/default/accept_dad", "0");
    return namespace;
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.push(resource);
    return resource;
  }

  static void sysctl(TestNamespace in, String key, String value) throws Exception {
    in.exec("sh", "-c", "echo " + value + " > /proc/sys/" + key);
  }
}
