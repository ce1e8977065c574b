package org.k3sjvm.networkpolicy.memory;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.k3sjvm.base.files.KeptFile;
import org.k3sjvm.base.files.KeptFile.Kept;
import org.k3sjvm.networkpolicy.model.ClusterFacts;

/** The facts that a node's rules followed from last, on disk. One thread at a time. */
public final class FactsFile {
  private static final int LARGEST = 2 << 20;

  /**
   * How long a node may have been away: later others may have the addresses of other nodes' pods.
   */
  static final Duration OLDEST = Duration.ofHours(24);

  private final Path path;
  private final String node;
  private final KeptFile<ClusterFacts> file;

  /**
   * A file that need not be there.
   *
   * @param node whose rules follow from the facts
   */
  public FactsFile(Path path, String node) {
    this.path = path;
    this.node = node;
    this.file = new KeptFile<>(path, LARGEST, new FactsJson());
  }

  /** Where it is, for people. */
  public Path path() {
    return path;
  }

  /**
   * What it remembers, be it that there was no policy; without pods of other nodes when it is old.
   *
   * @return empty when there is no such file, or none that can be read
   */
  public Optional<ClusterFacts> read(Instant now) {
    return file.read().map(kept -> isOld(kept, now) ? kept.value().onlyPodsOf(node) : kept.value());
  }

  private static boolean isOld(Kept<?> kept, Instant now) {
    return kept.at().plus(OLDEST).isBefore(now);
  }

  /**
   * Remembers other facts; of too many, and of those that the disk refuses, none at all: what held
   * before may be less than what holds now.
   *
   * @return whether they are remembered
   */
  public boolean write(ClusterFacts facts) {
    boolean written = file.write(facts);
    if (!written) {
      file.remove();
    }
    return written;
  }
}
