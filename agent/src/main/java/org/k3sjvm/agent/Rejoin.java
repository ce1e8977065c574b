package org.k3sjvm.agent;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinException;
import org.k3sjvm.join.JoinedNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins after all, for a node that started while no server answered. Mostly nothing has changed
 * meanwhile, and the node goes on as it is; otherwise its parts must start anew, while containers
 * run on.
 */
final class Rejoin implements Service {
  private static final Logger log = LoggerFactory.getLogger(Rejoin.class);
  private static final Duration PERIOD = Duration.ofSeconds(3);

  private final JoinedNode before;
  private final Join join;
  private final Consumer<JoinedNode> sameNode;
  private final Sleeper sleeper;
  private volatile Optional<JoinedNode> another = Optional.empty();

  /** Ends the parts of a node that the servers want otherwise. */
  static final class AnotherNodeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AnotherNodeException() {
      super("a server answers again and wants the node otherwise");
    }
  }

  /**
   * For a node that was remembered.
   *
   * @param sameNode is told of the join when the node may go on: it brought certificates
   */
  Rejoin(JoinedNode before, Join join, Consumer<JoinedNode> sameNode, Sleeper sleeper) {
    this.before = before;
    this.join = join;
    this.sameNode = sameNode;
    this.sleeper = sleeper;
  }

  /** The node as the servers want it; empty while it may go on as it is. */
  Optional<JoinedNode> another() {
    return another;
  }

  /**
   * Asks until a server lets the node join.
   *
   * @throws AnotherNodeException when the parts must start anew
   * @throws JoinException when a server refuses the node or is another cluster's, or no waiting can
   *     mend what is wrong
   */
  @Override
  public void run() throws InterruptedException {
    String lastReason = "";
    while (true) {
      sleeper.sleep(PERIOD);
      try {
        JoinedNode now = join.once();
        if (isSame(before, now)) {
          sameNode.accept(now);
          log.atInfo().log("a server answers again, going on as before");
          return;
        }
        log.atWarn().log("a server answers again, and the node's parts must start anew");
        another = Optional.of(now);
        throw new AnotherNodeException();
      } catch (JoinException.Unauthorized
          | JoinException.Untrusted
          | JoinException.PasswordRejected
          | JoinException.InvalidToken
          | JoinException.FamilyMismatch e) {
        throw e;
      } catch (JoinException e) {
        String reason = String.valueOf(e.getMessage());
        (reason.equals(lastReason) ? log.atDebug() : log.atWarn())
            .addKeyValue("error", reason)
            .addKeyValue("retryIn", PERIOD)
            .log("cannot join the cluster again yet");
        lastReason = reason;
      }
    }
  }

  static boolean isSame(JoinedNode before, JoinedNode now) {
    return now.name().equals(before.name())
        && now.settings().equals(before.settings())
        && now.addresses().equals(before.addresses())
        && now.serverCa().equals(before.serverCa())
        && now.clientCa().equals(before.clientCa());
  }
}
