package org.k3sjvm.containerd.registry;

import org.k3sjvm.base.secret.Secret;

/** Credentials for one registry; what is empty is not set. */
public record RegistryLogin(String username, Secret password, Secret auth, Secret identityToken) {
  boolean isEmpty() {
    return username.isEmpty()
        && password.reveal().isEmpty()
        && auth.reveal().isEmpty()
        && identityToken.reveal().isEmpty();
  }
}
