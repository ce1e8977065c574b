package org.k3sjvm.server.pki;

import java.nio.file.Path;

/**
 * Paths below {@code <data>/server}. Source: k3s v1.36.3 pkg/daemons/control/deps/deps.go,
 * CreateRuntimeCertFiles.
 *
 * @param directory {@code <data>/server}
 */
public record ServerFiles(Path directory) {
  public Path tls() {
    return directory.resolve("tls");
  }

  public Path cred() {
    return directory.resolve("cred");
  }

  /** A certificate or bundle by its short name, such as {@code client-ca}. */
  public Path certificate(String name) {
    return tls().resolve(name + ".crt");
  }

  public Path key(String name) {
    return tls().resolve(name + ".key");
  }

  /** The key that signs service account tokens. */
  public Path serviceKey() {
    return key("service");
  }

  /** Users with passwords: {@code password,user,uid,groups} per line. */
  public Path passwords() {
    return cred().resolve("passwd");
  }

  public Path ipsecKey() {
    return cred().resolve("ipsec.psk");
  }

  public Path token() {
    return directory.resolve("token");
  }

  /** A link to {@link #token}, the name that older instructions mention. */
  public Path nodeToken() {
    return directory.resolve("node-token");
  }

  /** A link to {@link #token} unless agents have a token of their own. */
  public Path agentToken() {
    return directory.resolve("agent-token");
  }
}
