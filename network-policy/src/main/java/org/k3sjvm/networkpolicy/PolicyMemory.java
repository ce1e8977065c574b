package org.k3sjvm.networkpolicy;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.networkpolicy.compile.PolicyModel;
import org.k3sjvm.networkpolicy.memory.FactsFile;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.k3sjvm.networkpolicy.model.Direction;
import org.k3sjvm.networkpolicy.rules.KernelTables;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what rules follow from on disk, and lets it hold after a start without an API server. */
final class PolicyMemory implements Service {
  private static final Logger log = LoggerFactory.getLogger(PolicyMemory.class);

  /** How long the API may be silent before what is remembered holds; less than a pod waits. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  /** Changes seldom come alone. */
  private static final Duration SETTLE = Duration.ofSeconds(1);

  /** Flash memory wears out. */
  private static final Duration WRITE_EVERY = Duration.ofSeconds(4);

  /** The file's time says until when it held. */
  private static final Duration TOUCH_EVERY = Duration.ofHours(1);

  private static final Duration TRY_AGAIN = Duration.ofMinutes(1);

  private final FactsFile file;
  private final PolicyBoard board;
  private final KernelTables tables;
  private boolean recalled;
  private volatile boolean lost;

  /**
   * Memory of policies.
   *
   * @param needed whether no server is there to tell them
   */
  PolicyMemory(FactsFile file, PolicyBoard board, KernelTables tables, boolean needed) {
    this.file = file;
    this.board = board;
    this.tables = tables;
    this.lost = needed;
  }

  /** Whether what held before is needed and not known. Any thread may call. */
  boolean isLost() {
    return lost;
  }

  /** Tells the board what held before; to be called before this and all who tell it more run. */
  ClusterFacts recall(Instant now) {
    Optional<ClusterFacts> facts = file.read(now);
    facts.ifPresent(known -> board.change(model -> model.remember(known)));
    recalled = facts.isPresent();
    if (recalled) {
      lost = false;
    } else if (lost) {
      log.atError()
          .addKeyValue("file", file.path())
          .log(
              "no server answers, and which network policies held before is not known: new pods"
                  + " wait until a server answers");
    }
    return facts.orElse(ClusterFacts.NONE);
  }

  @Override
  public void run() throws InterruptedException {
    if (recalled && !board.awaitComplete(SILENCE)) {
      believe();
    }
    try {
      long seen = 0;
      while (true) {
        seen = board.awaitOther(seen, TOUCH_EVERY);
        Sleeper.SYSTEM.sleep(SETTLE);
        boolean written = file.write(board.ask(PolicyModel::facts));
        Sleeper.SYSTEM.sleep(written ? WRITE_EVERY : TRY_AGAIN);
        seen = written ? seen : 0;
      }
    } finally {
      if (board.isTold()) {
        var _ = file.write(board.ask(PolicyModel::facts)); // what came since
      }
    }
  }

  /** Rules stand where they restrict a pod that is not remembered: nobody shall be set free. */
  private void believe() {
    try {
      if (frees(board.ask(PolicyModel::isolated), tables.isolated())) {
        log.atWarn()
            .log("no API server tells network policies, and those of before lack pods of now");
        return;
      }
    } catch (LinuxException e) {
      log.atWarn()
          .addKeyValue("reason", e.getMessage())
          .log("no API server tells network policies, and rules of before cannot be read");
      return;
    }
    log.atWarn()
        .addKeyValue("silence", SILENCE)
        .log("no API server tells network policies, those of before hold");
    board.believe();
  }

  private static boolean frees(
      Map<Direction, Set<String>> believed, Map<Direction, Set<String>> held) {
    return held.entrySet().stream()
        .anyMatch(
            entry ->
                !believed.getOrDefault(entry.getKey(), Set.of()).containsAll(entry.getValue()));
  }
}
