package org.k3sjvm.integration.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.K3s;
import org.k3sjvm.integration.lab.LabException;

/** A host that runs our agent, and the lives of that agent one after the other. */
final class Node {
  static final String UP = "k3s agent is up and running";
  static final String DATA = "/var/lib/rancher/k3s";

  private final Host host;
  private final String server;
  private int lives;
  private Optional<HostProcess> latest = Optional.empty();

  Node(Host host, String server) {
    this.host = host;
    this.server = server;
  }

  String name() {
    return host.name();
  }

  Host host() {
    return host;
  }

  /** Puts the images where the agent finds them. */
  void stock(Path images) {
    Path directory = host.path(DATA + "/agent/images");
    try (var archives = Files.list(images)) {
      Files.createDirectories(directory);
      for (Path archive : archives.toList()) {
        Files.copy(archive, directory.resolve(archive.getFileName()));
      }
    } catch (IOException e) {
      throw new LabException("cannot copy the images to " + directory, e);
    }
  }

  /** Starts an agent with a log of its own and waits until it says that it is up. */
  HostProcess startUp(String... further) throws InterruptedException {
    HostProcess agent = start(further);
    agent.awaitLog(UP, Cluster.PATIENCE);
    return agent;
  }

  /** Starts an agent with a log of its own; later flags win over the usual ones. */
  HostProcess start(String... further) throws InterruptedException {
    return start(Map.of(), further);
  }

  HostProcess start(Map<String, String> environment, String... further)
      throws InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                K3s.ours().toString(),
                "agent",
                "--server",
                server,
                "--token",
                Cluster.TOKEN,
                "--pause-image",
                Cluster.PAUSE));
    command.addAll(List.of(further));
    HostProcess agent = host.start("agent-" + ++lives, environment, command);
    latest = Optional.of(agent);
    return agent;
  }

  /** Stops the agent if one runs. */
  void stop() throws InterruptedException {
    if (latest.isPresent() && latest.get().isAlive()) {
      latest.get().stop();
    }
  }

  /** Numbers of the processes that pods consist of: the sandboxes' and the sleeping containers'. */
  List<String> processes() throws InterruptedException {
    return host.sh("pgrep -x 'sleep|pause' || true").text().lines().toList();
  }

  /** Waits until its Node is Ready and takes pods. */
  void awaitReady(Cluster cluster) throws InterruptedException {
    cluster.kubectl().text("wait", "--for=create", "node/" + name(), "--timeout=90s");
    cluster.kubectl().text("wait", "--for=condition=Ready", "node/" + name(), "--timeout=90s");
    cluster.kubectl().await("node/" + name(), "{.spec.taints}", "", Duration.ofSeconds(60));
  }
}
