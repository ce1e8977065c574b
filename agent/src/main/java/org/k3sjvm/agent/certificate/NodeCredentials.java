package org.k3sjvm.agent.certificate;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.file.Files;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.NodeCertificate;

/**
 * What the node shows and whom it believes, now. Those who hold a copy are told of another. Any
 * thread may ask.
 */
public final class NodeCredentials {
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final List<Consumer<Held>> users = new ArrayList<>();

  private volatile Held held;

  /**
   * One set of certificates, with the authorities of the same answer.
   *
   * @param serverCa whom to believe that it is a server
   * @param clientCa whose clients may call the kubelet
   * @param identities one of each
   * @param obtained when they came
   */
  public record Held(
      List<X509Certificate> serverCa,
      List<X509Certificate> clientCa,
      Map<NodeCertificate, TlsIdentity> identities,
      Instant obtained) {
    public Held {
      serverCa = List.copyOf(serverCa);
      clientCa = List.copyOf(clientCa);
      identities = Map.copyOf(identities);
      if (identities.size() != NodeCertificate.values().length) {
        throw new IllegalArgumentException("a node has one certificate of each kind");
      }
    }

    /**
     * What the node's files hold.
     *
     * @throws PkiException when one of them is not what it should be
     */
    static Held read(JoinedNode node, Instant now) {
      Map<NodeCertificate, TlsIdentity> identities = new EnumMap<>(NodeCertificate.class);
      Instant oldest = now;
      for (NodeCertificate which : NodeCertificate.values()) {
        identities.put(which, node.tls(which));
        Instant written = written(node, which);
        oldest = written.isBefore(oldest) ? written : oldest;
      }
      return new Held(node.serverCa(), node.clientCa(), identities, oldest);
    }

    private static Instant written(JoinedNode node, NodeCertificate which) {
      try {
        return Files.getLastModifiedTime(node.files().certificate(which)).toInstant();
      } catch (IOException e) {
        throw new PkiException("cannot read " + node.files().certificate(which), e);
      }
    }

    public TlsIdentity tls(NodeCertificate which) {
      TlsIdentity identity = identities.get(which);
      if (identity == null) {
        throw new IllegalStateException("a node has one certificate of each kind");
      }
      return identity;
    }

    /** When the first of the certificates ends. */
    Instant end() {
      return identities.values().stream()
          .map(identity -> identity.chain().getFirst().getNotAfter().toInstant())
          .min(Instant::compareTo)
          .orElseThrow();
    }
  }

  private NodeCredentials(Held held) {
    this.held = held;
  }

  /** Those of a node that has joined, from its files. */
  public static NodeCredentials of(JoinedNode node) {
    return new NodeCredentials(Held.read(node, Instant.now()));
  }

  static NodeCredentials of(Held held) {
    return new NodeCredentials(held);
  }

  public Held held() {
    return held;
  }

  /** Tells somebody of each change from now on, on the thread that makes it. */
  public void onChange(Consumer<Held> user) {
    synchronized (lock) {
      users.add(user);
    }
  }

  /** The node joined once more: its files hold something new. */
  public void reload(JoinedNode node) {
    use(Held.read(node, Instant.now()));
  }

  void use(Held fresh) {
    List<Consumer<Held>> told;
    synchronized (lock) {
      held = fresh;
      told = List.copyOf(users);
    }
    told.forEach(user -> user.accept(fresh));
  }
}
