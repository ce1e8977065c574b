package org.k3sjvm.kubelet.image;

import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.secret.Secret;

/** What the API server says of service accounts, for providers that ask in their name. */
public interface ProviderAccounts {
  /** The account; empty when there is none. */
  Optional<Account> find(String namespace, String name) throws InterruptedException;

  /**
   * A token for an audience, bound to the pod.
   *
   * @throws org.k3sjvm.kube.KubeException when it cannot be had
   */
  Secret token(TokenOrder order) throws InterruptedException;

  /** A service account. */
  record Account(String uid, Map<String, String> annotations) {
    public Account {
      annotations = Map.copyOf(annotations);
    }
  }

  /** Whose token, for whom, and the pod it ends with. */
  record TokenOrder(
      String namespace,
      String account,
      String accountUid,
      String podName,
      String podUid,
      String audience) {}
}
