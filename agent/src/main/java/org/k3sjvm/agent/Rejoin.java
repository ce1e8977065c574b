package org.k3sjvm.agent;

import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinException;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.NodeCertificate;
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

  /** Of subject alternative names. Source: X509Certificate.getSubjectAlternativeNames, RFC 5280. */
  private static final int IP_ADDRESS = 7;

  /**
   * What the node's clients hold since its start must serve until the next one. Source: k3s v1.36.3
   * renews certificates that end within 120 days.
   */
  private static final Duration LASTS = Duration.ofDays(120);

  private final JoinedNode before;
  private final Join join;
  private final Sleeper sleeper;
  private volatile Optional<JoinedNode> another = Optional.empty();

  /** Ends the parts of a node that the servers want otherwise. */
  static final class AnotherNodeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AnotherNodeException() {
      super("a server answers again and wants the node otherwise");
    }
  }

  Rejoin(JoinedNode before, Join join, Sleeper sleeper) {
    this.before = before;
    this.join = join;
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
    boolean lasting = lasts(before, Instant.now()); // joining replaces the files
    String lastReason = "";
    while (true) {
      sleeper.sleep(PERIOD);
      try {
        JoinedNode now = join.once();
        if (lasting && isSame(before, now)) {
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

  private static boolean lasts(JoinedNode node, Instant now) {
    for (NodeCertificate which : NodeCertificate.values()) {
      Instant end = node.tls(which).chain().getFirst().getNotAfter().toInstant();
      if (end.isBefore(now.plus(LASTS))) {
        return false;
      }
    }
    return covers(
        node.tls(NodeCertificate.SERVING_KUBELET).chain().getFirst(), node.addresses().internal());
  }

  /** Servers that call the kubelet at an address look for it in the certificate. */
  static boolean covers(X509Certificate serving, List<InetAddress> addresses) {
    try {
      Set<InetAddress> named = new HashSet<>();
      Collection<List<?>> names = serving.getSubjectAlternativeNames();
      for (List<?> name : names == null ? List.<List<?>>of() : names) {
        if (Integer.valueOf(IP_ADDRESS).equals(name.get(0))) {
          named.add(IpAddresses.parse(String.valueOf(name.get(1))));
        }
      }
      return named.containsAll(addresses);
    } catch (CertificateParsingException | IllegalArgumentException e) {
      return false;
    }
  }
}
