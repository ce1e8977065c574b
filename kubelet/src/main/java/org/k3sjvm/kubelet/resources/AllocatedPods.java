package org.k3sjvm.kubelet.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.pod.PodUid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The resources that the node agreed to, for each pod that it took, and a file of them that the
 * kubelet of Kubernetes reads and writes too. Any thread may call. The file follows within a
 * moment, or at once with {@link #flush}; pods that are gone leave it with the next write.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/allocation/state.
 */
public final class AllocatedPods implements Service {
  private static final Logger log = LoggerFactory.getLogger(AllocatedPods.class);

  /** The file's name in the kubelet's directory. */
  public static final String FILE = "allocated_pods_state";

  /** A start of many pods is one write. */
  private static final Duration SETTLE = Duration.ofMillis(500);

  private static final Duration RETRY = Duration.ofSeconds(10);
  private static final int FNV_BASIS = 0x811c9dc5;
  private static final int FNV_PRIME = 16_777_619;

  private final Path file;
  private final ReentrantLock lock = new ReentrantLock();
  private final ReentrantLock writing = new ReentrantLock();
  private final Semaphore changes = new Semaphore(0);

  @GuardedBy("lock")
  private final Map<String, Allocation> pods = new TreeMap<>();

  @GuardedBy("writing")
  private String written = "";

  /**
   * What one pod was given.
   *
   * @param containers by name; init containers among them
   * @param pod what the pod asks for itself
   */
  public record Allocation(
      Map<String, ResourceRequirements> containers, Optional<ResourceRequirements> pod) {
    public Allocation {
      containers = Map.copyOf(containers);
    }

    /** What a pod's spec asks for. */
    public static Allocation of(PodSpec spec) {
      Map<String, ResourceRequirements> containers = new LinkedHashMap<>();
      for (List<Container> some : List.of(spec.getInitContainers(), spec.getContainers())) {
        some.forEach(
            c ->
                containers.put(
                    c.getName(),
                    Objects.requireNonNullElseGet(c.getResources(), ResourceRequirements::new)));
      }
      return new Allocation(containers, Optional.ofNullable(spec.getResources()));
    }
  }

  private AllocatedPods(Path file) {
    this.file = file;
  }

  /** Reads the file of a directory; one that is damaged or of another kind counts as none. */
  public static AllocatedPods open(Path root) {
    AllocatedPods state = new AllocatedPods(root.resolve(FILE));
    state.load();
    return state;
  }

  /** What a pod was given; empty when the node did not take it yet. */
  public Optional<Allocation> of(PodUid uid) {
    lock.lock();
    try {
      return Optional.ofNullable(pods.get(uid.value()));
    } finally {
      lock.unlock();
    }
  }

  /** The pod with what it was given in place of what it asks for now; itself when that is alike. */
  public Pod applied(Pod pod) {
    Optional<Allocation> given = of(new PodUid(pod.getMetadata().getUid()));
    if (given.isEmpty() || given.get().equals(Allocation.of(pod.getSpec()))) {
      return pod;
    }
    Pod copy = new PodBuilder(pod).build();
    given.get().pod().ifPresent(copy.getSpec()::setResources);
    for (List<Container> some :
        List.of(copy.getSpec().getInitContainers(), copy.getSpec().getContainers())) {
      some.forEach(
          c ->
              Optional.ofNullable(given.get().containers().get(c.getName()))
                  .ifPresent(c::setResources));
    }
    return copy;
  }

  /** Notes what a pod was given. */
  public void set(PodUid uid, Allocation given) {
    lock.lock();
    try {
      if (given.equals(pods.put(uid.value(), given))) {
        return;
      }
    } finally {
      lock.unlock();
    }
    changes.release();
  }

  /** The pod is gone. */
  public void remove(PodUid uid) {
    lock.lock();
    try {
      pods.remove(uid.value());
    } finally {
      lock.unlock();
    }
  }

  /** Forgets every other pod. */
  public void retain(Set<PodUid> present) {
    lock.lock();
    try {
      pods.keySet().removeIf(uid -> !present.contains(new PodUid(uid)));
    } finally {
      lock.unlock();
    }
  }

  /** Writes the file now if it would differ. */
  public void flush() throws IOException {
    writing.lock();
    try {
      String text = text();
      if (!text.equals(written)) {
        AtomicFiles.write(file, text, "rw-------");
        written = text;
      }
    } finally {
      writing.unlock();
    }
  }

  /** Keeps the file up until interrupted. */
  @Override
  public void run() throws InterruptedException {
    while (true) {
      changes.acquire();
      Thread.sleep(SETTLE);
      changes.drainPermits();
      try {
        flush();
      } catch (IOException e) {
        log.atWarn()
            .setCause(e)
            .addKeyValue("file", file)
            .addKeyValue("retryIn", RETRY)
            .log("cannot note the resources of pods");
        Thread.sleep(RETRY);
        changes.release();
      }
    }
  }

  private String text() {
    ObjectNode info = KubeJson.newObject();
    ObjectNode entries = info.putObject("entries");
    lock.lock();
    try {
      pods.forEach(
          (uid, given) -> {
            ObjectNode entry = entries.putObject(uid);
            ObjectNode containers = entry.putObject("ContainerResources");
            new TreeMap<>(given.containers())
                .forEach((name, r) -> containers.set(name, bare(KubeJson.tree(r))));
            entry.set(
                "PodLevelResources",
                given.pod().map(r -> (JsonNode) bare(KubeJson.tree(r))).orElse(null));
          });
    } finally {
      lock.unlock();
    }
    String data = KubeJson.write(info);
    ObjectNode checkpoint = KubeJson.newObject();
    checkpoint.put("data", data);
    checkpoint.put("checksum", checksum(data));
    return KubeJson.write(checkpoint);
  }

  private void load() {
    try {
      Optional<String> text = AtomicFiles.read(file);
      if (text.isEmpty()) {
        return;
      }
      JsonNode checkpoint = KubeJson.read(text.get(), JsonNode.class);
      String data = checkpoint.path("data").asText();
      if (checkpoint.path("checksum").asLong() != checksum(data)) {
        throw new IllegalArgumentException("its checksum is wrong");
      }
      JsonNode entries = KubeJson.read(data, JsonNode.class).path("entries");
      lock.lock();
      try {
        entries.properties().forEach(e -> pods.put(e.getKey(), allocation(e.getValue())));
      } finally {
        lock.unlock();
      }
    } catch (IOException | IllegalArgumentException e) {
      log.atWarn()
          .setCause(e)
          .addKeyValue("file", file)
          .log("cannot read what pods were given, their specs are taken for it");
    }
  }

  private static Allocation allocation(JsonNode entry) {
    Map<String, ResourceRequirements> containers = new LinkedHashMap<>();
    entry
        .path("ContainerResources")
        .properties()
        .forEach(
            c ->
                containers.put(
                    c.getKey(), KubeJson.treeTo(c.getValue(), ResourceRequirements.class)));
    JsonNode pod = entry.path("PodLevelResources");
    return new Allocation(
        containers,
        pod.isObject()
            ? Optional.of(KubeJson.treeTo(pod, ResourceRequirements.class))
            : Optional.empty());
  }

  private static ObjectNode bare(ObjectNode resources) {
    resources.properties().removeIf(e -> e.getValue().isEmpty());
    return resources;
  }

  /** FNV-1a of the text behind its Go type. Source: pkg/kubelet/checkpointmanager/checksum. */
  static long checksum(String data) {
    int hash = FNV_BASIS;
    for (byte b : ("(string)" + data).getBytes(StandardCharsets.UTF_8)) {
      hash ^= b & 0xff;
      hash *= FNV_PRIME;
    }
    return Integer.toUnsignedLong(hash);
  }
}
