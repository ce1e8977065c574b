package org.k3sjvm.agent;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.status.PodLine;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.volume.VolumeReport;
import org.k3sjvm.lb.LoadBalancer;
import org.k3sjvm.linux.systemd.StageReports;
import org.k3sjvm.tunnel.TunnelReport;

/**
 * What the agent does now, put together when somebody asks. Its parts are told here when they are
 * there; nothing is gathered or kept meanwhile. Any thread may ask.
 */
final class StatusBoard {
  private final AgentConfig config;
  private final StageReports stages;
  private final Balancers balancers;
  private final NodeTunnels tunnels;
  private final Supplier<List<String>> troubles;
  private final Instant started = Instant.now();
  private volatile Optional<Parts> parts = Optional.empty();

  /**
   * What there is once the node has joined.
   *
   * @param pods with the newest status
   * @param volumes of the pods, by their uid
   * @param networkMetrics in the Prometheus text format
   */
  record Parts(
      JoinedNode node,
      Supplier<List<Pod>> pods,
      Supplier<Map<String, List<VolumeReport>>> volumes,
      Supplier<String> networkMetrics) {}

  /**
   * @param troubles the newest warnings and errors of the log
   */
  StatusBoard(
      AgentConfig config,
      StageReports stages,
      Balancers balancers,
      NodeTunnels tunnels,
      Supplier<List<String>> troubles) {
    this.config = config;
    this.stages = stages;
    this.balancers = balancers;
    this.tunnels = tunnels;
    this.troubles = troubles;
  }

  /** The node has joined, and these are its parts. */
  void joined(Parts now) {
    parts = Optional.of(now);
  }

  ObjectNode report() {
    ObjectNode root = KubeJson.newObject();
    Instant now = Instant.now();
    root.put("version", Version.current().toString());
    root.put("pid", ProcessHandle.current().pid());
    root.put("upSeconds", Duration.between(started, now).toSeconds());
    root.put("stage", stages.current());
    stages
        .since()
        .ifPresent(since -> root.put("stageSeconds", Duration.between(since, now).toSeconds()));
    root.put("ready", stages.isReady());
    root.put("server", config.server().toString());
    servers(root);
    tunnels(root, now);
    parts.ifPresent(there -> node(root, there));
    certificates(root, now);
    ObjectNode cold = root.putObject("coldStart");
    cold.put("enabled", !config.coldStartMaxAge().isZero());
    cold.put("maxAgeSeconds", config.coldStartMaxAge().toSeconds());
    cold.put("running", parts.filter(there -> there.node().remembered()).isPresent());
    ArrayNode lines = root.putArray("troubles");
    troubles.get().forEach(lines::add);
    return root;
  }

  private void servers(ObjectNode root) {
    servers(root.putArray("servers"), balancers.servers());
    List<LoadBalancer.ServerView> apiServers = balancers.apiServers();
    if (!apiServers.isEmpty()) {
      servers(root.putArray("apiServers"), apiServers);
    }
    balancers.lastFailures().ifPresent(text -> root.put("lastFailures", text));
  }

  private static void servers(ArrayNode list, List<LoadBalancer.ServerView> servers) {
    for (LoadBalancer.ServerView server : servers) {
      ObjectNode each = list.addObject();
      each.put("address", server.address().toString());
      each.put("state", server.state().name().toLowerCase(Locale.ROOT));
      each.put("connections", server.connections());
      server
          .lastFailure()
          .ifPresent(
              failure ->
                  each.put("lastFailure", failure.reason())
                      .put("lastFailureAt", failure.at().toString()));
    }
  }

  private void tunnels(ObjectNode root, Instant now) {
    ArrayNode list = root.putArray("tunnels");
    for (TunnelReport tunnel : tunnels.report()) {
      ObjectNode each = list.addObject();
      each.put("server", tunnel.server().toString());
      each.put("health", tunnel.health().name().toLowerCase(Locale.ROOT));
      tunnel
          .since()
          .ifPresent(since -> each.put("seconds", Duration.between(since, now).toSeconds()));
      each.put("sentBytes", tunnel.sentBytes());
      each.put("receivedBytes", tunnel.receivedBytes());
      each.put("connections", tunnel.connections());
      tunnel.roundTrip().ifPresent(time -> each.put("roundTripMicros", time.toNanos() / 1000));
      each.put("lost", tunnel.lost());
      tunnel
          .lastError()
          .ifPresent(
              error ->
                  each.put("lastError", error.reason()).put("lastErrorAt", error.at().toString()));
    }
  }

  private static void node(ObjectNode root, Parts there) {
    ObjectNode node = root.putObject("node");
    node.put("name", there.node().name());
    node.put("addresses", there.node().addresses().toString());
    List<PodLine> pods =
        there.pods().get().stream().map(PodLine::of).sorted(PodLine.BY_NAME).toList();
    ObjectNode summary = root.putObject("pods");
    summary.put("total", pods.size());
    summary.put("ready", pods.stream().filter(PodLine::ready).count());
    ArrayNode waiting = summary.putArray("notReady");
    pods.stream()
        .filter(pod -> !pod.ready() && !pod.ended())
        .forEach(
            pod ->
                waiting
                    .addObject()
                    .put("namespace", pod.namespace())
                    .put("name", pod.name())
                    .put("phase", pod.phase())
                    .put("reason", pod.reason()));
    volumes(root.putArray("volumes"), there);
    ObjectNode network = root.putObject("network");
    network.put("backend", there.node().settings().flannelBackend());
    network.put("pods", there.node().settings().clusterCidrs().toString());
    network.put("services", there.node().settings().serviceCidrs().toString());
    ArrayNode silent = network.putArray("unreachablePeers");
    there
        .networkMetrics()
        .get()
        .lines()
        .filter(line -> line.startsWith("k3s_overlay_peer_reachable{") && line.endsWith(" 0"))
        .map(line -> line.replaceFirst(".*node=\"([^\"]*)\".*", "$1"))
        .distinct()
        .forEach(silent::add);
  }

  private static void volumes(ArrayNode list, Parts there) {
    Map<String, List<VolumeReport>> known = there.volumes().get();
    for (Pod pod : there.pods().get()) {
      for (VolumeReport volume : known.getOrDefault(pod.getMetadata().getUid(), List.of())) {
        ObjectNode each = list.addObject();
        each.put("namespace", pod.getMetadata().getNamespace());
        each.put("pod", pod.getMetadata().getName());
        each.put("volume", volume.name());
        each.put("kind", volume.kind());
        volume.path().ifPresent(path -> each.put("path", path.toString()));
        volume.fault().ifPresent(fault -> each.put("fault", fault));
      }
    }
  }

  /** Of the agent's directory: what is presented, and what is trusted. */
  private void certificates(ObjectNode root, Instant now) {
    ArrayNode list = root.putArray("certificates");
    try (Stream<Path> files = Files.list(config.agentDir())) {
      for (Path file : files.filter(f -> f.toString().endsWith(".crt")).sorted().toList()) {
        X509Certificate leaf = Certificates.parse(Files.readString(file)).getFirst();
        Instant end = leaf.getNotAfter().toInstant();
        list.addObject()
            .put("file", String.valueOf(file.getFileName()))
            .put("expires", end.toString())
            .put("days", Duration.between(now, end).toDays());
      }
    } catch (IOException | PkiException | java.util.NoSuchElementException e) {
      root.put("certificatesTrouble", String.valueOf(e.getMessage()));
    }
  }
}
