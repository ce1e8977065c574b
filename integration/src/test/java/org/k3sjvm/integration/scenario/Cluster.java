package org.k3sjvm.integration.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.cri.testing.TestImages;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.Kubectl;
import org.k3sjvm.integration.lab.LabException;
import org.k3sjvm.integration.lab.Lan;

/** A server on a host of its own, and nodes beside it. Closing it ends and removes all. */
final class Cluster implements AutoCloseable {
  static final String TOKEN = "secret123";
  static final String PAUSE = TestImages.PAUSE;

  /** Long enough for a machine that is busy with other work. */
  static final Duration PATIENCE = Duration.ofSeconds(90);

  private final ServerKind kind;
  private final Lan lan;
  private final Host serverHost;
  private final Path kubeconfig;
  private final Path images;
  private final List<Node> nodes = new ArrayList<>();
  private HostProcess server;
  private int serverLives;

  private Cluster(ServerKind kind, Lan lan) throws InterruptedException, IOException {
    this.kind = kind;
    this.lan = lan;
    this.serverHost = lan.host("server");
    this.kubeconfig = serverHost.home().resolve("kubeconfig");
    this.images = Files.createDirectory(lan.directory().resolve("images"));
    TestImages.writeBusybox(images.resolve("busybox.tar"));
    TestImages.writePause(images.resolve("pause.tar"));
    this.server = startServer();
  }

  /** A cluster whose server answers; without nodes. */
  static Cluster start(ServerKind kind, String name) throws InterruptedException {
    Lan lan = Lan.create(name);
    try {
      return new Cluster(kind, lan);
    } catch (IOException e) {
      lan.close();
      throw new LabException("cannot prepare the cluster: " + e.getMessage(), e);
    } catch (RuntimeException | InterruptedException e) {
      lan.close();
      throw e;
    }
  }

  /** Makes a host with images on it; its agent is not started. */
  Node host(String name) throws InterruptedException {
    Node node = new Node(lan.host(name), serverUrl());
    node.stock(images);
    nodes.add(node);
    return node;
  }

  /** Makes a host whose agent is up and whose Node is Ready. */
  Node node(String name) throws InterruptedException {
    Node node = host(name);
    node.startUp();
    node.awaitReady(this);
    return node;
  }

  String serverUrl() {
    return "https://" + serverHost.address() + ":6443";
  }

  Host serverHost() {
    return serverHost;
  }

  HostProcess server() {
    return server;
  }

  /** In the order in which they were made. */
  List<Node> nodes() {
    return List.copyOf(nodes);
  }

  Path images() {
    return images;
  }

  Lan lan() {
    return lan;
  }

  Kubectl kubectl() {
    return new Kubectl(serverHost, kubeconfig);
  }

  /** Kills the server (SIGKILL) and returns when it has ended. */
  void killServer() throws InterruptedException {
    server.kill();
  }

  /** Starts the server again on what the former one left; returns when it answers. */
  void restartServer() throws InterruptedException {
    server = startServer();
  }

  /** Applies pods and waits until they are Ready. */
  void run(String yaml, String... pods) throws InterruptedException {
    kubectl().apply(yaml);
    awaitReady(pods);
  }

  /** Waits until pods are Ready; what is known of them is in the message if they are not. */
  void awaitReady(String... pods) throws InterruptedException {
    for (String pod : pods) {
      var waited = kubectl().run("wait", "--for=condition=Ready", "pod/" + pod, "--timeout=90s");
      if (!waited.succeeded()) {
        throw new LabException(waited.error() + kubectl().run("describe", "pod", pod).output());
      }
    }
  }

  /** One field of one object. */
  String get(String object, String jsonPath) throws InterruptedException {
    return kubectl().text("get", object, "-o", "jsonpath=" + jsonPath);
  }

  @Override
  public void close() {
    lan.close();
  }

  private HostProcess startServer() throws InterruptedException {
    HostProcess started =
        serverHost.start(
            "server-" + ++serverLives, kind.command(serverHost, kubeconfig).toArray(String[]::new));
    Await.until(
        "the server has made the default service account",
        PATIENCE,
        () -> {
          if (!started.isAlive()) {
            throw new LabException("the server ended: " + started.said());
          }
          return Files.exists(kubeconfig)
              && kubectl().run("get", "serviceaccount", "default").succeeded();
        });
    return started;
  }
}
