package org.k3sjvm.networkpolicy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.linux.filter.NftCommand;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.testing.TestNamespace;
import org.k3sjvm.networkpolicy.model.PolicyJson;
import org.yaml.snakeyaml.Yaml;

/**
 * A node with a bridge, pods on it and a neighbour outside, each a network namespace, and policies
 * enforced on it. Every pod listens on some ports, so that a refusal is the policies'.
 */
final class PolicyRig {
  static final String NODE = "n1";
  static final String OUTSIDE = "192.168.77.2";
  static final String NODE_ADDRESS = "192.168.77.1";

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int CONNECT_MILLIS = 600;
  private static final int[] PORTS = {80, 81, 8080, 30090};

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Path directory;
  private final Path memory;
  private final FakeKubeApi api = new FakeKubeApi();
  private final TestNamespace node;
  private final TestNamespace outside;
  private final NetworkPolicyConfig config;
  private Optional<ServiceGroup> running = Optional.empty();
  private NetworkPolicies policies;
  private int pods;

  PolicyRig() throws Exception {
    directory = Files.createTempDirectory("network-policy");
    memory = directory.resolve("policies.json");
    opened.push(() -> Files.delete(directory));
    opened.push(this::forget);
    node = namespace("node");
    outside = namespace("out");
    node.exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    node.exec("ip", "link", "add", "cni0", "type", "bridge");
    node.address("cni0", "10.42.0.1/24", "fd42::1/64");
    node.exec("ip", "link", "set", "cni0", "up");
    node.cable("eth0", outside, "eth0");
    node.address("eth0", NODE_ADDRESS + "/24", "fd77::1/64");
    outside.address("eth0", OUTSIDE + "/24", "fd77::2/64");
    outside.exec("ip", "route", "add", "10.42.0.0/24", "via", NODE_ADDRESS);
    outside.exec("ip", "route", "add", "fd42::/64", "via", "fd77::1");
    listen(node);
    listen(outside);
    config =
        new NetworkPolicyConfig(
            NODE,
            List.of(Cidr.parse("10.42.0.0/16"), Cidr.parse("fd42::/56")),
            List.of(Cidr.parse("10.43.0.0/16")),
            "30000-32767",
            memory,
            true);
    policies = make();
  }

  /** A pod with its interface and its object. */
  final class RigPod {
    final ObjectName name;
    final TestNamespace namespace;
    final String ipv4;
    final String ipv6;

    private RigPod(ObjectName name, int number) throws Exception {
      this.name = name;
      namespace = namespace("p" + number);
      ipv4 = "10.42.0." + (10 + number);
      ipv6 = "fd42::" + Integer.toHexString(0x10 + number);
      node.cable("v" + number, namespace, "eth0");
      node.exec("ip", "link", "set", "v" + number, "master", "cni0");
      node.exec("bridge", "link", "set", "dev", "v" + number, "hairpin", "on");
      namespace.address("eth0", ipv4 + "/24", ipv6 + "/64");
      namespace.exec("ip", "route", "add", "default", "via", "10.42.0.1");
      namespace.exec("ip", "-6", "route", "add", "default", "via", "fd42::1");
      listen(namespace);
    }

    private RigPod(RigPod before, ObjectName name) {
      this.name = name;
      namespace = before.namespace;
      ipv4 = before.ipv4;
      ipv6 = before.ipv6;
    }

    /** Another pod that has got its addresses. */
    RigPod as(String space, String other) {
      return new RigPod(this, new ObjectName(space, other));
    }

    List<String> addresses() {
      return List.of(ipv4, ipv6);
    }
  }

  FakeKubeApi api() {
    return api;
  }

  NetworkPolicies policies() {
    return policies;
  }

  TestNamespace node() {
    return node;
  }

  TestNamespace outside() {
    return outside;
  }

  /** A namespace with labels. */
  void space(String name, Map<String, String> labels) throws InterruptedException {
    api.create(
        Resources.NAMESPACES,
        new NamespaceBuilder()
            .withNewMetadata()
            .withName(name)
            .withLabels(labels)
            .endMetadata()
            .build());
  }

  /** Changes a namespace's labels. */
  void label(String name, Map<String, String> labels) throws InterruptedException {
    var namespace = api.get(Resources.NAMESPACES, ObjectName.ofCluster(name));
    namespace.getMetadata().setLabels(labels);
    api.update(Resources.NAMESPACES, namespace);
  }

  /** A running pod that the API knows. */
  RigPod pod(String namespace, String name, Map<String, String> labels) throws Exception {
    RigPod pod = new RigPod(new ObjectName(namespace, name), ++pods);
    api.create(Resources.PODS, object(pod, labels, pod.addresses()));
    return pod;
  }

  /** A pod whose addresses the API does not know. */
  RigPod young(String namespace, String name) throws Exception {
    return new RigPod(new ObjectName(namespace, name), ++pods);
  }

  static Pod object(RigPod pod, Map<String, String> labels, List<String> addresses) {
    PodBuilder builder =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace(pod.name.namespace())
            .withName(pod.name.name())
            .withLabels(labels)
            .endMetadata()
            .withNewSpec()
            .withNodeName(NODE)
            .addNewContainer()
            .withName("main")
            .addNewPort()
            .withName("web")
            .withContainerPort(8080)
            .endPort()
            .endContainer()
            .endSpec()
            .withNewStatus()
            .withPhase("Running")
            .endStatus();
    addresses.forEach(a -> builder.editStatus().addNewPodIP().withIp(a).endPodIP().endStatus());
    return builder.build();
  }

  /** Applies a policy; the text is YAML. */
  void policy(String namespace, String name, String spec) throws InterruptedException {
    api.create(PolicyJson.POLICIES, parse(namespace, name, spec));
  }

  void removePolicy(String namespace, String name) throws InterruptedException {
    api.delete(PolicyJson.POLICIES, new ObjectName(namespace, name), DeleteRequest.DEFAULT);
  }

  static GenericKubernetesResource parse(String namespace, String name, String spec) {
    Map<String, Object> object =
        Map.of(
            "apiVersion",
            "networking.k8s.io/v1",
            "kind",
            "NetworkPolicy",
            "metadata",
            Map.of("namespace", namespace, "name", name),
            "spec",
            new Yaml().<Map<String, Object>>load(spec));
    return KubeJson.treeTo(KubeJson.tree(object), GenericKubernetesResource.class);
  }

  /** Starts the enforcement. */
  PolicyRig start() {
    ServiceGroup group = ServiceGroup.open("rig");
    running = Optional.of(group);
    group.start("policies", policies);
    return this;
  }

  /** Whether there are policies on disk. */
  boolean remembers() throws IOException {
    return Files.exists(memory) && Files.readString(memory).contains("\"policies\":[{");
  }

  /** Whether there is a file that says that there are none. */
  boolean remembersNone() throws IOException {
    return Files.exists(memory) && !remembers();
  }

  /** As if it had never been written. */
  void forget() throws IOException {
    Files.deleteIfExists(memory);
  }

  /** Ends it, and makes a new one that knows nothing but what the file remembers. */
  void stop() throws Exception {
    running.ifPresent(ServiceGroup::close);
    running = Optional.empty();
    policies = make();
  }

  /** Waits until a connection is let through, or is not. */
  void await(boolean open, TestNamespace from, String target, int port) throws Exception {
    until(
        from.name() + (open ? " reaches " : " does not reach ") + target + " " + port,
        () -> reaches(from, target, port) == open);
  }

  /** Whether a TCP connection can be opened. */
  static boolean reaches(TestNamespace from, String target, int port) throws Exception {
    return from.call(
        () -> {
          try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(IpAddresses.parse(target), port), CONNECT_MILLIS);
            return true;
          } catch (SocketException | SocketTimeoutException e) {
            return false;
          }
        });
  }

  /** Whether a datagram is answered. */
  static boolean echoes(TestNamespace from, String target, int port) throws Exception {
    return from.call(
        () -> {
          try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(CONNECT_MILLIS);
            socket.connect(new InetSocketAddress(IpAddresses.parse(target), port));
            socket.send(new DatagramPacket(new byte[] {1}, 1));
            socket.receive(new DatagramPacket(new byte[1], 1));
            return true;
          } catch (SocketException | SocketTimeoutException e) {
            return false;
          }
        });
  }

  static boolean pings(TestNamespace from, String target) throws InterruptedException {
    return from.attempt("busybox", "ping", "-c", "1", "-W", "1", target).succeeded();
  }

  /** A condition that may take a while. */
  interface Condition {
    boolean holds() throws Exception;
  }

  static void until(String what, Condition condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("not in time: %s", what).isLessThan(deadline);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  void close() throws Exception {
    running.ifPresent(ServiceGroup::close);
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  private NetworkPolicies make() throws Exception {
    ChildProcesses commands = new ChildProcesses(List.of("nsenter", "--net=" + node.path()));
    PolicyHost host =
        new PolicyHost(
            new NftCommand(commands),
            node.call(NetlinkFilterElements::open),
            new Inside(),
            commands);
    opened.push(host);
    return new NetworkPolicies(config, host, api, Duration.ofSeconds(1));
  }

  private TestNamespace namespace(String label) throws InterruptedException {
    TestNamespace namespace = TestNamespace.create(label);
    opened.push(namespace);
    return namespace;
  }

  /** TCP that is accepted by the kernel alone, and UDP that is answered. */
  private void listen(TestNamespace namespace) throws Exception {
    for (int port : PORTS) {
      ServerSocket server =
          namespace.call(
              () -> {
                ServerSocket socket = new ServerSocket();
                socket.bind(new InetSocketAddress(port), 4096);
                return socket;
              });
      opened.push(server);
      DatagramSocket datagrams = namespace.call(() -> new DatagramSocket(port));
      opened.push(datagrams);
      Thread.ofVirtual().start(() -> echo(datagrams));
    }
  }

  private static void echo(DatagramSocket socket) {
    DatagramPacket packet = new DatagramPacket(new byte[16], 16);
    while (!socket.isClosed()) {
      try {
        socket.receive(packet);
        socket.send(packet);
      } catch (IOException e) {
        // closed, or the answer was not let through
      }
    }
  }

  /** Settings of the node's namespace, which belong to the thread that asks. */
  private final class Inside implements Sysctls {
    @Override
    public Optional<String> read(String key) {
      try {
        return Optional.of(node.exec("cat", "/proc/sys/" + key).strip());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    }

    @Override
    public boolean ensure(String key, String value) {
      if (read(key).equals(Optional.of(value))) {
        return false;
      }
      try {
        node.exec("sysctl", "-qw", key.replace('/', '.') + "=" + value);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return true;
    }
  }

  /** Adds rules to the node. */
  void addRules(String script) throws InterruptedException {
    new NftCommand(new ChildProcesses(List.of("nsenter", "--net=" + node.path()))).apply(script);
  }

  /** All of the node's rules, without numbers that change by themselves. */
  String ruleset() throws InterruptedException {
    return node.exec("nft", "-s", "list", "ruleset");
  }
}
