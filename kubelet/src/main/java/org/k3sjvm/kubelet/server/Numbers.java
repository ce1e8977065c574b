package org.k3sjvm.kubelet.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ContainerStats;
import org.k3sjvm.cri.CpuUsage;
import org.k3sjvm.cri.MemoryUsage;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.pod.PodLookup;
import org.k3sjvm.kubelet.trace.PodStarts;
import org.k3sjvm.kubelet.translate.Labels;

/**
 * {@code /stats/summary}, {@code /metrics} and {@code /metrics/resource}: processor time and memory
 * of the node and of running containers, from the runtime and {@code /proc}. Source: kubelet
 * stats/v1alpha1 types, and v1.36.3 pkg/kubelet/metrics/collectors/resource_metrics.go.
 */
final class Numbers {
  private static final int NANOS_PER_TICK = 10_000_000; // USER_HZ is 100 on every Linux we run on
  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";

  private final String nodeName;
  private final PodLookup pods;
  private final ContainerRuntime runtime;
  private final PodStarts starts;
  private final Supplier<String> others;
  private final InstantSource clock;
  private final Instant started;

  Numbers(
      String nodeName,
      PodLookup pods,
      ContainerRuntime runtime,
      PodStarts starts,
      Supplier<String> others,
      InstantSource clock) {
    this.nodeName = nodeName;
    this.pods = pods;
    this.runtime = runtime;
    this.starts = starts;
    this.others = others;
    this.clock = clock;
    this.started = clock.instant();
  }

  void summary(Request request, Response response) throws IOException, InterruptedException {
    if (request.segments().size() > 2
        || (request.segments().size() == 2 && !request.segments().get(1).equals("summary"))) {
      throw new ApiError(404, "404 page not found\n");
    }
    String now = text(clock.instant());
    ObjectNode root = KubeJson.mapper().createObjectNode();
    ObjectNode node = root.putObject("node");
    node.put("nodeName", nodeName).put("startTime", text(started));
    node.putArray("systemContainers");
    node.putObject("cpu").put("time", now).put("usageCoreNanoSeconds", nodeCpuNanos());
    Memory memory = nodeMemory();
    node.putObject("memory")
        .put("time", now)
        .put("availableBytes", memory.total() - memory.workingSet())
        .put("usageBytes", memory.total() - memory.free())
        .put("workingSetBytes", memory.workingSet())
        .put("rssBytes", memory.anonymous());
    ArrayNode list = root.putArray("pods");
    byPod().forEach((pod, containers) -> addPod(list.addObject(), pod, containers));
    response.header("Content-Type", "application/json");
    response.send(root.toString().getBytes(StandardCharsets.UTF_8));
  }

  void metrics(Request request, Response response) throws IOException, InterruptedException {
    String which = request.segments().size() > 1 ? request.segments().get(1) : "";
    String text =
        switch (which) {
          case "" -> own();
          case "resource" -> resource();
          case "probes" -> pods.probeMetrics();
          case "cadvisor", "slis" -> "";
          default -> throw new ApiError(404, "404 page not found\n");
        };
    response.send(200, TEXT, text);
  }

  private record PodKey(String namespace, String name, String uid) {}

  private record Memory(long total, long free, long workingSet, long anonymous) {}

  private Map<PodKey, List<ContainerStats>> byPod() throws InterruptedException {
    Map<PodKey, List<ContainerStats>> found = new LinkedHashMap<>();
    for (ContainerStats stats : runtime.listContainerStats(ContainerFilter.ALL)) {
      Map<String, String> labels = stats.labels();
      if (stats.cpu().isEmpty() || !labels.containsKey(Labels.POD_UID)) {
        continue;
      }
      PodKey key =
          new PodKey(
              labels.getOrDefault(Labels.POD_NAMESPACE, ""),
              labels.getOrDefault(Labels.POD_NAME, ""),
              labels.getOrDefault(Labels.POD_UID, ""));
      found.computeIfAbsent(key, _ -> new ArrayList<>()).add(stats);
    }
    return found;
  }

  private static void addPod(ObjectNode node, PodKey pod, List<ContainerStats> containers) {
    node.putObject("podRef")
        .put("name", pod.name())
        .put("namespace", pod.namespace())
        .put("uid", pod.uid());
    ArrayNode list = node.putArray("containers");
    for (ContainerStats stats : containers) {
      ObjectNode each = list.addObject().put("name", stats.metadata().name());
      stats.cpu().ifPresent(cpu -> addCpu(each.putObject("cpu"), cpu));
      stats.memory().ifPresent(memory -> addMemory(each.putObject("memory"), memory));
    }
  }

  private static void addCpu(ObjectNode node, CpuUsage cpu) {
    node.put("time", text(cpu.at()));
    put(node, "usageNanoCores", cpu.nanoCores());
    put(node, "usageCoreNanoSeconds", cpu.coreNanos());
  }

  private static void addMemory(ObjectNode node, MemoryUsage memory) {
    node.put("time", text(memory.at()));
    put(node, "availableBytes", memory.availableBytes());
    put(node, "usageBytes", memory.usageBytes());
    put(node, "workingSetBytes", memory.workingSetBytes());
    put(node, "rssBytes", memory.rssBytes());
    put(node, "pageFaults", memory.pageFaults());
    put(node, "majorPageFaults", memory.majorPageFaults());
  }

  private static void put(ObjectNode node, String name, OptionalLong value) {
    if (value.isPresent()) {
      node.put(name, value.getAsLong());
    }
  }

  private String own() {
    return """
    # TYPE kubelet_node_name gauge
    kubelet_node_name{node="%s"} 1
    # TYPE kubelet_running_pods gauge
    kubelet_running_pods %d
    """
            .formatted(escape(nodeName), pods.pods().stream().filter(Numbers::isRunning).count())
        + starts.metrics()
        + others.get();
  }

  private static boolean isRunning(Pod pod) {
    return pod.getStatus() != null && "Running".equals(pod.getStatus().getPhase());
  }

  /** Timestamps are explicit: metrics-server drops a pod whose time does not advance. */
  private String resource() throws IOException, InterruptedException {
    long now = clock.millis();
    StringBuilder cpu = new StringBuilder();
    StringBuilder memory = new StringBuilder();
    StringBuilder podCpu = new StringBuilder();
    StringBuilder podMemory = new StringBuilder();
    for (Map.Entry<PodKey, List<ContainerStats>> pod : byPod().entrySet()) {
      String podLabels =
          "namespace=\"%s\",pod=\"%s\""
              .formatted(escape(pod.getKey().namespace()), escape(pod.getKey().name()));
      long nanos = 0;
      long bytes = 0;
      long at = now;
      for (ContainerStats stats : pod.getValue()) {
        String labels =
            "{container=\"%s\",%s}".formatted(escape(stats.metadata().name()), podLabels);
        if (stats.cpu().isPresent() && stats.cpu().get().coreNanos().isPresent()) {
          CpuUsage usage = stats.cpu().get();
          at = usage.at().toEpochMilli();
          nanos += usage.coreNanos().getAsLong();
          sample(
              cpu,
              "container_cpu_usage_seconds_total" + labels,
              usage.coreNanos().getAsLong() / 1e9,
              at);
        }
        if (stats.memory().isPresent() && stats.memory().get().workingSetBytes().isPresent()) {
          MemoryUsage usage = stats.memory().get();
          bytes += usage.workingSetBytes().getAsLong();
          sample(
              memory,
              "container_memory_working_set_bytes" + labels,
              (double) usage.workingSetBytes().getAsLong(),
              usage.at().toEpochMilli());
        }
      }
      sample(podCpu, "pod_cpu_usage_seconds_total{" + podLabels + "}", nanos / 1e9, at);
      sample(podMemory, "pod_memory_working_set_bytes{" + podLabels + "}", (double) bytes, at);
    }
    StringBuilder node = new StringBuilder();
    sample(node, "node_cpu_usage_seconds_total", nodeCpuNanos() / 1e9, now);
    StringBuilder nodeMemory = new StringBuilder();
    sample(nodeMemory, "node_memory_working_set_bytes", (double) nodeMemory().workingSet(), now);
    return family("container_cpu_usage_seconds_total", "counter", cpu)
        + family("container_memory_working_set_bytes", "gauge", memory)
        + family("node_cpu_usage_seconds_total", "counter", node)
        + family("node_memory_working_set_bytes", "gauge", nodeMemory)
        + family("pod_cpu_usage_seconds_total", "counter", podCpu)
        + family("pod_memory_working_set_bytes", "gauge", podMemory)
        + "# TYPE resource_scrape_error gauge\nresource_scrape_error 0\n"
        + "# TYPE scrape_error gauge\nscrape_error 0\n";
  }

  private static String family(String name, String type, StringBuilder samples) {
    return samples.isEmpty() ? "" : "# TYPE " + name + " " + type + "\n" + samples;
  }

  private static void sample(StringBuilder to, String name, double value, long atMillis) {
    to.append(name).append(' ').append(value).append(' ').append(atMillis).append('\n');
  }

  private static long nodeCpuNanos() throws IOException {
    // cpu user nice system idle iowait irq softirq steal; guest time is within user.
    String[] ticks =
        Files.readString(Path.of("/proc/stat")).lines().findFirst().orElse("").split(" +", -1);
    long busy = 0;
    for (int i = 1; i < Math.min(ticks.length, 9); i++) {
      if (i != 4 && i != 5) {
        busy += Long.parseLong(ticks[i]);
      }
    }
    return busy * NANOS_PER_TICK;
  }

  private static Memory nodeMemory() throws IOException {
    Map<String, Long> bytes = new LinkedHashMap<>();
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      String[] parts = line.split("[: ]+", -1);
      bytes.put(parts[0], Long.parseLong(parts[1]) * 1024);
    }
    long total = bytes.getOrDefault("MemTotal", 0L);
    return new Memory(
        total,
        bytes.getOrDefault("MemFree", 0L),
        total - bytes.getOrDefault("MemAvailable", 0L),
        bytes.getOrDefault("AnonPages", 0L));
  }

  private static String text(Instant moment) {
    return moment.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String escape(String label) {
    return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }
}
