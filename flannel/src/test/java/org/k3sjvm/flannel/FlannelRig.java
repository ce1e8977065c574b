package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.FlannelConfig.CniForm;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.files.PodNetwork;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.uplink.UplinkWishes;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.testing.TestNamespace;

/**
 * Hosts as network namespaces on one bridge, flannel on each, pods attached by the real CNI plugins
 * from the list that flannel wrote. Closes what it opened, in reverse order.
 */
final class FlannelRig implements AutoCloseable {
  /** More for a machine that is emulated. */
  static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("rig.patience", 20));

  private static final Path PLUGINS = Path.of("/usr/lib/cni");

  final FakeKubeApi api = new FakeKubeApi();
  private final Path directory;
  private final List<String> clusterCidrs;
  private final TestNamespace lan;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  FlannelRig(Path directory, String... clusterCidrs) throws Exception {
    this.directory = directory;
    this.clusterCidrs = List.of(clusterCidrs);
    this.lan = namespace("lan");
    lan.exec("ip", "link", "add", "br0", "type", "bridge");
    lan.exec("ip", "link", "set", "br0", "up");
    lan.address("br0", "192.168.77.1/24", "fd77::1/64");
  }

  /** A host of the cluster, 192.168.77.1x, and its Node object. */
  final class Host {
    final String name;
    final TestNamespace namespace;
    BackendType backend = BackendType.VXLAN;
    UplinkWishes uplink = UplinkWishes.NONE;
    VxlanOptions vxlan = VxlanOptions.DEFAULT;
    WireguardOptions wireguard = WireguardOptions.DEFAULT;
    Map<Family, InetAddress> announced = Map.of();
    private final int number;
    private Optional<Thread> thread = Optional.empty();
    private CompletableFuture<Void> ended = new CompletableFuture<>();

    private Host(String name, int number) throws Exception {
      this.name = name;
      this.number = number;
      this.namespace = namespace(name);
      plugIn();
      namespace.exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
      namespace.exec("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
    }

    private void plugIn() throws InterruptedException {
      plug("p" + number, namespace);
      namespace.address("eth0", "192.168.77.1" + number + "/24", "fd77::1" + number + "/64");
      namespace.exec("ip", "route", "add", "default", "via", "192.168.77.1");
    }

    /** Stops flannel and takes away what does not outlive a boot. */
    void reboot() throws Exception {
      stop();
      String card = macOf("eth0");
      for (String line : namespace.exec("ip", "-o", "link").lines().toList()) {
        String link = line.replaceFirst("^\\d+: ([^:@]+).*", "$1");
        if (!link.equals("lo")) {
          var _ = namespace.attempt("ip", "link", "del", link);
        }
      }
      namespace.exec("nft", "flush", "ruleset");
      Files.deleteIfExists(files().resolve("subnet.env"));
      plugIn();
      namespace.exec("ip", "link", "set", "eth0", "address", card);
    }

    /** Starts flannel and waits until pods can be attached. */
    Host start() throws Exception {
      Gate<PodNetwork> ready = new Gate<>("pod network of " + name);
      ended = new CompletableFuture<>();
      CompletableFuture<Void> end = ended;
      thread =
          Optional.of(
              Thread.ofVirtual()
                  .start(
                      () -> {
                        try {
                          namespace.call(
                              () -> {
                                try (FlannelHost host = FlannelHost.open()) {
                                  new Flannel(config(), host, api, api, ready, Optional.empty())
                                      .run();
                                }
                                return name;
                              });
                          end.complete(null);
                        } catch (InterruptedException e) {
                          end.complete(null);
                        } catch (Throwable t) {
                          end.completeExceptionally(t);
                        }
                      }));
      CompletableFuture.anyOf(end, CompletableFuture.runAsync(() -> awaitGate(ready)))
          .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(ready.isOpen()).as("flannel on %s is ready", name).isTrue();
      return this;
    }

    /** Stops flannel; fails when it had ended by a fault. */
    void stop() throws Exception {
      if (thread.isPresent()) {
        thread.get().interrupt();
        thread = Optional.empty();
        ended.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
    }

    /** A pod's network namespace, attached as the container runtime would. */
    Pod pod(String podName) throws Exception {
      Pod pod = new Pod(podName, namespace(podName));
      ObjectNode list =
          (ObjectNode)
              KubeJson.mapper().readTree(Files.readString(files().resolve("10-flannel.conflist")));
      ObjectNode bridge = (ObjectNode) list.path("plugins").get(0);
      bridge.set("cniVersion", list.get("cniVersion"));
      bridge.set("name", list.get("name"));
      ((ObjectNode) bridge.get("ipam")).put("dataDir", directory.resolve("ipam").toString());
      ChildProcesses commands =
          new ChildProcesses(List.of("nsenter", "--net=" + namespace.path(), "env"));
      CommandResult result =
          commands.run(
              Command.of(
                      "CNI_COMMAND=ADD",
                      "CNI_CONTAINERID=" + podName,
                      "CNI_NETNS=" + pod.namespace.path(),
                      "CNI_IFNAME=eth0",
                      "CNI_PATH=" + PLUGINS,
                      PLUGINS.resolve("bridge").toString())
                  .withInput(KubeJson.write(bridge)));
      assertThat(result.exitCode()).as(result.output() + result.error()).isZero();
      KubeJson.mapper()
          .readTree(result.output())
          .path("ips")
          .forEach(ip -> pod.addresses.add(ip.path("address").asText().replaceFirst("/.*", "")));
      return pod;
    }

    /** Lets some packets no further, until the table {@code broken} is deleted. */
    void drop(String hook, String match) throws InterruptedException {
      namespace.exec("nft", "add table ip broken");
      namespace.exec(
          "nft",
          "add chain ip broken " + hook + " { type filter hook " + hook + " priority -300; }");
      namespace.exec("nft", "add rule ip broken " + hook + " " + match + " drop");
    }

    String mac() throws Exception {
      return macOf("flannel.1");
    }

    private String macOf(String link) throws InterruptedException {
      return namespace
          .exec("ip", "-o", "link", "show", link)
          .replaceAll("(?s).*link/ether ([0-9a-f:]+).*", "$1");
    }

    /** Where its flannel keeps its files. */
    Path files() {
      return directory.resolve(name);
    }

    private FlannelConfig config() {
      return new FlannelConfig(
          name,
          Optional.of(backend),
          clusterCidrs.stream().map(Cidr::parse).toList(),
          Optional.empty(),
          uplink,
          vxlan,
          wireguard,
          files().resolve("wgkey"),
          announced,
          false,
          CniForm.EXPANDED,
          Optional.of(files().resolve("net-conf.json")),
          files().resolve("subnet.env"),
          files(),
          List.of(PLUGINS));
    }
  }

  /** A pod. */
  static final class Pod {
    final String name;
    final TestNamespace namespace;
    final List<String> addresses = new ArrayList<>();

    private Pod(String name, TestNamespace namespace) {
      this.name = name;
      this.namespace = namespace;
    }

    String address() {
      return addresses.getFirst();
    }
  }

  /** A host that is ready. */
  Host host(String name, int number, String... podCidrs) throws Exception {
    return bareHost(name, number, podCidrs).start();
  }

  /** A host on which flannel has not been started. */
  Host bareHost(String name, int number, String... podCidrs) throws Exception {
    Host host = new Host(name, number);
    opened.push(host::stop);
    api.create(Resources.NODES, Nodes.bare(name, podCidrs));
    return host;
  }

  /** Gives a namespace an address on the hosts' network. */
  void attach(TestNamespace namespace, String address) throws InterruptedException {
    plug("px", namespace);
    namespace.exec("ip", "addr", "add", address + "/24", "dev", "eth0");
  }

  /** Connects its {@code eth0} to the LAN. */
  private void plug(String port, TestNamespace namespace) throws InterruptedException {
    lan.cable(port, namespace, "eth0");
    lan.exec("ip", "link", "set", port, "master", "br0");
  }

  /** Makes the cable to a host narrow on the side of the switch, which drops what is too big. */
  void setPortMtu(int number, int mtuBytes) throws InterruptedException {
    lan.exec("ip", "link", "set", "p" + number, "mtu", Integer.toString(mtuBytes));
  }

  TestNamespace namespace(String label) throws Exception {
    TestNamespace namespace = TestNamespace.create(label);
    opened.push(namespace);
    return namespace;
  }

  /** Waits until a ping is answered. */
  static void awaitPing(TestNamespace from, String address) throws Exception {
    await(
        "ping from " + from.name() + " to " + address,
        () ->
            from.attempt("busybox", "ping", "-c", "1", "-W", "1", address).succeeded()
                ? Optional.of(address)
                : Optional.empty());
  }

  /** Waits for a value. */
  static <T> T await(String what, Callable<Optional<T>> look) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      Optional<T> seen = look.call();
      if (seen.isPresent()) {
        return seen.get();
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
    throw new AssertionError("not within " + PATIENCE + ": " + what);
  }

  /** Who a TCP server in one namespace sees when somebody in another connects. */
  static String clientSeenBy(TestNamespace server, TestNamespace client, String address)
      throws Exception {
    CompletableFuture<ServerSocket> bound = new CompletableFuture<>();
    CompletableFuture<String> seen = new CompletableFuture<>();
    Thread serving =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    server.call(
                        () -> {
                          try (ServerSocket socket = new ServerSocket()) {
                            socket.bind(new InetSocketAddress(8080));
                            bound.complete(socket);
                            try (Socket accepted = socket.accept()) {
                              accepted.getOutputStream().write('x');
                              seen.complete(IpAddresses.text(accepted.getInetAddress()));
                            }
                          }
                          return address;
                        });
                  } catch (Exception e) {
                    bound.completeExceptionally(e);
                    seen.completeExceptionally(e);
                  }
                });
    bound.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    String answer =
        client.call(
            () -> {
              try (Socket socket = new Socket()) {
                InetAddress target = IpAddresses.parse(address);
                socket.connect(new InetSocketAddress(target, 8080), (int) PATIENCE.toMillis());
                return new String(socket.getInputStream().readNBytes(1), StandardCharsets.US_ASCII);
              }
            });
    assertThat(answer).isEqualTo("x");
    serving.join();
    return seen.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    IOException failure = new IOException("the rig was not closed");
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        failure.addSuppressed(e);
      }
    }
    if (failure.getSuppressed().length > 0) {
      throw failure;
    }
  }

  private static void awaitGate(Gate<PodNetwork> gate) {
    try {
      gate.await(PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
