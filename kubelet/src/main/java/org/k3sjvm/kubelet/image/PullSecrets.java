package org.k3sjvm.kubelet.image;

import java.util.List;
import org.k3sjvm.base.secret.Secret;

/** Finds the secrets that a pod names for its pulls. */
@FunctionalInterface
public interface PullSecrets {
  /** Those of the names; a missing one stops nobody. */
  Found find(String namespace, List<String> names) throws InterruptedException;

  /**
   * What was found.
   *
   * @param missing names without an object, or with one that cannot be had now
   */
  record Found(List<PullSecret> secrets, List<String> missing) {
    public Found {
      secrets = List.copyOf(secrets);
      missing = List.copyOf(missing);
    }
  }

  /**
   * One with logins; those of other kinds are left out.
   *
   * @param legacy whether it is of the older kind {@code kubernetes.io/dockercfg}
   */
  record PullSecret(String uid, String namespace, String name, boolean legacy, Secret json) {}
}
