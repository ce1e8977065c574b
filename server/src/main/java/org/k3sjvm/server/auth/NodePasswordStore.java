package org.k3sjvm.server.auth;

import java.util.Locale;
import java.util.Optional;

/**
 * Keeps hashes of node passwords: Secrets {@code kube-system/<node>.node-password.k3s} of type
 * {@code k3s.cattle.io/node-password}, immutable, with the hash under {@code hash}. Blocking; any
 * thread may call; an unchecked exception means that the store does not answer now.
 */
public interface NodePasswordStore {
  String NAMESPACE = "kube-system";
  String SECRET_TYPE = "k3s.cattle.io/node-password";
  String DATA_KEY = "hash";

  /** The Secret's name. Source: k3s v1.36.3 pkg/nodepassword, getSecretName. */
  static String secretName(String node) {
    return node.toLowerCase(Locale.ROOT) + ".node-password.k3s";
  }

  /** The hash; empty when there is no Secret, empty text when it has no hash. */
  Optional<String> find(String node);

  /** Keeps a hash; false when there is a Secret already. */
  boolean create(String node, String hash);

  /** Whether the Node object exists. */
  boolean nodeExists(String node);
}
