package org.k3sjvm.networkpolicy.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The facts that a node's rules followed from last, on disk. Whatever is wrong with the file costs
 * no more than what it remembers. One thread at a time.
 */
public final class FactsFile {
  private static final Logger log = LoggerFactory.getLogger(FactsFile.class);

  private static final int LARGEST_BYTES = 4 << 20;

  private final Path file;
  private boolean told;

  public FactsFile(Path file) {
    this.file = file;
  }

  /** What it remembers; nothing when there is no such file, or none that can be read. */
  public ClusterFacts read() {
    try {
      if (!Files.exists(file)) {
        return ClusterFacts.NONE;
      }
      if (Files.size(file) > LARGEST_BYTES) {
        throw new IOException("it is larger than " + LARGEST_BYTES + " bytes");
      }
      return FactsJson.read(Files.readString(file));
    } catch (IOException | IllegalArgumentException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", e.getMessage())
          .log("the network policies of before cannot be read, doing without");
      return ClusterFacts.NONE;
    }
  }

  /** Remembers other facts; of too many, and of those that the disk refuses, none at all. */
  public void write(ClusterFacts facts) {
    try {
      String text = FactsJson.write(facts);
      if (facts.policies().isEmpty() || text.length() > LARGEST_BYTES / 2) {
        Files.deleteIfExists(file); // old ones are worse than none
      } else {
        AtomicFiles.writeIfChanged(file, text, "rw-------");
      }
      told = false;
    } catch (IOException e) {
      if (!told) {
        log.atWarn()
            .addKeyValue("file", file)
            .addKeyValue("reason", e.getMessage())
            .log("network policies cannot be kept for a start without an API server");
      }
      told = true;
    }
  }
}
