package org.k3sjvm.cri;

import org.k3sjvm.base.secret.Secret;

/**
 * Credentials for one registry. Empty texts are not sent.
 *
 * @param auth {@code user:password} in base64, in place of the two
 */
public record RegistryAuth(
    String username,
    Secret password,
    Secret auth,
    String serverAddress,
    Secret identityToken,
    Secret registryToken) {

  /** A name and a password. */
  public static RegistryAuth basic(String username, Secret password) {
    Secret none = new Secret("");
    return new RegistryAuth(username, password, none, "", none, none);
  }
}
