package org.k3sjvm.server.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.access.Authenticator;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.pki.Tokens;

/**
 * The two users who have passwords, sent by HTTP Basic. Source: k3s v1.36.3
 * pkg/daemons/control/deps, genUsers.
 */
public final class Passwords implements Authenticator {
  public static final String SERVER_GROUP = "k3s:server";
  public static final String AGENT_GROUP = "k3s:agent";
  private static final String SCHEME = "Basic ";

  private final Tokens tokens;

  public Passwords(Tokens tokens) {
    this.tokens = tokens;
  }

  @Override
  public Optional<User> authenticate(Request request) {
    return request
        .headers()
        .first("Authorization")
        .filter(value -> value.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
        .flatMap(value -> check(value.substring(SCHEME.length()).strip()));
  }

  private Optional<User> check(String encoded) {
    String pair;
    try {
      pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    int colon = pair.indexOf(':');
    return colon < 0
        ? Optional.empty()
        : check(pair.substring(0, colon), pair.substring(colon + 1));
  }

  private Optional<User> check(String name, String password) {
    return switch (name) {
      case "server" -> known(name, password, tokens.server(), SERVER_GROUP);
      case "node" -> known(name, password, tokens.agent(), AGENT_GROUP);
      default -> Optional.empty();
    };
  }

  /** Compares in constant time. */
  private static Optional<User> known(String name, String given, Secret expected, String group) {
    return MessageDigest.isEqual(
            given.getBytes(StandardCharsets.UTF_8),
            expected.reveal().getBytes(StandardCharsets.UTF_8))
        ? Optional.of(new User(name, name, List.of(group, User.AUTHENTICATED), Map.of()))
        : Optional.empty();
  }
}
