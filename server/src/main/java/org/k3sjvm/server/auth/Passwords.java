package org.k3sjvm.server.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.pki.Tokens;

/** The two users who have passwords. Source: k3s v1.36.3 pkg/daemons/control/deps, genUsers. */
public final class Passwords {
  public static final String SERVER_GROUP = "k3s:server";
  public static final String AGENT_GROUP = "k3s:agent";

  private final Tokens tokens;

  public Passwords(Tokens tokens) {
    this.tokens = tokens;
  }

  /** The user, when the password is right; compares in constant time. */
  Optional<User> check(String name, Secret password) {
    return switch (name) {
      case "server" -> known(name, password, tokens.server(), SERVER_GROUP);
      case "node" -> known(name, password, tokens.agent(), AGENT_GROUP);
      default -> Optional.empty();
    };
  }

  private static Optional<User> known(String name, Secret given, Secret expected, String group) {
    return MessageDigest.isEqual(digest(given), digest(expected))
        ? Optional.of(new User(name, name, List.of(group, User.AUTHENTICATED), Map.of()))
        : Optional.empty();
  }

  private static byte[] digest(Secret secret) {
    try {
      return MessageDigest.getInstance("SHA-256")
          .digest(secret.reveal().getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
