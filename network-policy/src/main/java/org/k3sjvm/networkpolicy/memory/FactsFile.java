package org.k3sjvm.networkpolicy.memory;

import java.nio.file.Path;
import org.k3sjvm.base.files.KeptFile;
import org.k3sjvm.networkpolicy.model.ClusterFacts;

/** The facts that a node's rules followed from last, on disk. One thread at a time. */
public final class FactsFile {
  private static final int LARGEST = 2 << 20;

  private final KeptFile<ClusterFacts> file;

  public FactsFile(Path file) {
    this.file = new KeptFile<>(file, LARGEST, new FactsJson());
  }

  /** What it remembers; nothing when there is no such file, or none that can be read. */
  public ClusterFacts read() {
    return file.read().map(KeptFile.Kept::value).orElse(ClusterFacts.NONE);
  }

  /** Remembers other facts; of too many, and of those that the disk refuses, none at all. */
  public void write(ClusterFacts facts) {
    if (facts.policies().isEmpty()) {
      file.remove();
    } else {
      file.write(facts);
    }
  }
}
