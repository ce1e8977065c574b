package org.k3sjvm.kubelet.userns;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.cri.IdMapping;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.UserNamespace;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.pod.PodUid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which ids of the host each pod has. Written to the pod's directory before they are used, so that
 * they outlive this process. Any thread.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/userns/userns_manager.go.
 */
public final class UserNamespaces {
  private static final Logger log = LoggerFactory.getLogger(UserNamespaces.class);
  private static final String FILE = "userns";

  private final Object lock = new Object();
  private final Path pods;
  private final IdRange range;

  @GuardedBy("lock")
  private final Map<PodUid, Integer> slots = new HashMap<>();

  @GuardedBy("lock")
  private final BitSet taken = new BitSet();

  @GuardedBy("lock")
  private boolean read;

  /**
   * Reads nothing yet.
   *
   * @param pods the directory with one for each pod
   */
  public UserNamespaces(Path pods, IdRange range) {
    this.pods = pods;
    this.range = range;
  }

  /**
   * The namespace of a pod, the same each time until it is released.
   *
   * @throws IOException when it cannot be written down
   * @throws IllegalStateException when all ids are taken
   */
  public UserNamespace of(PodUid pod) throws IOException {
    synchronized (lock) {
      readAll();
      Integer known = slots.get(pod);
      if (known != null) {
        return namespace(known);
      }
      int free = taken.nextClearBit(0);
      if (free >= range.pods()) {
        throw new IllegalStateException(
            "could not find an empty slot to allocate a user namespace");
      }
      AtomicFiles.write(pods.resolve(pod.value()).resolve(FILE), text(free), "rw-------");
      take(pod, free);
      return namespace(free);
    }
  }

  /** Gives the ids of a pod back; without effect when it has none. Its file goes with the pod's. */
  public void release(PodUid pod) {
    synchronized (lock) {
      Integer slot = slots.remove(pod);
      if (slot != null) {
        taken.clear(slot);
      }
    }
  }

  @GuardedBy("lock")
  private void readAll() throws IOException {
    if (read) {
      return;
    }
    if (Files.isDirectory(pods)) {
      try (Stream<Path> all = Files.list(pods)) {
        for (Path directory : all.toList()) {
          Optional<String> text = AtomicFiles.read(directory.resolve(FILE));
          if (text.isPresent()) {
            adopt(directory, text.get());
          }
        }
      }
    }
    read = true;
  }

  /** A pod keeps ids that were given to it earlier; ids that are nobody's business stay free. */
  @GuardedBy("lock")
  private void adopt(Path directory, String text) {
    Optional<Integer> slot = slot(text);
    if (slot.isEmpty() || taken.get(slot.get())) {
      log.atWarn()
          .addKeyValue("file", directory.resolve(FILE))
          .log("a pod's user namespace is not readable, out of range or another pod's");
      return;
    }
    take(new PodUid(directory.getFileName().toString()), slot.get());
  }

  @GuardedBy("lock")
  private void take(PodUid pod, int slot) {
    slots.put(pod, slot);
    taken.set(slot);
  }

  private Optional<Integer> slot(String text) {
    JsonNode file;
    try {
      file = KubeJson.read(text, JsonNode.class);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    JsonNode uids = file.path("uidMappings");
    JsonNode only = uids.path(0);
    long first = only.path("hostId").asLong(-1);
    long slot = (first - range.first()) / IdRange.PER_POD;
    boolean ours =
        uids.size() == 1
            && uids.equals(file.path("gidMappings"))
            && only.path("containerId").asLong(-1) == 0
            && only.path("length").asLong() == IdRange.PER_POD
            && first >= range.first()
            && first % IdRange.PER_POD == 0
            && slot < range.pods();
    return ours ? Optional.of((int) slot) : Optional.empty();
  }

  private UserNamespace namespace(int slot) {
    List<IdMapping> ids = List.of(new IdMapping(first(slot), 0, IdRange.PER_POD));
    return new UserNamespace(NamespaceMode.POD, ids, ids);
  }

  private long first(int slot) {
    return range.first() + (long) slot * IdRange.PER_POD;
  }

  private String text(int slot) {
    ObjectNode file = KubeJson.newObject();
    for (String kind : List.of("uidMappings", "gidMappings")) {
      file.putArray(kind)
          .addObject()
          .put("hostId", first(slot))
          .put("containerId", 0)
          .put("length", IdRange.PER_POD);
    }
    return file.toString();
  }
}
