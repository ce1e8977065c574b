package org.k3sjvm.server.auth;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.access.Authenticator;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/**
 * Bearer tokens {@code <id>.<secret>} that join nodes for a while, kept as Secrets {@code
 * kube-system/bootstrap-token-<id>}. Source: Kubernetes, Authenticating with Bootstrap Tokens.
 */
public final class BootstrapTokens implements Authenticator {
  public static final String NAMESPACE = "kube-system";
  public static final String SECRET_TYPE = "bootstrap.kubernetes.io/token";

  private static final String NAME_PREFIX = "bootstrap-token-";
  private static final String GROUP = "system:bootstrappers";
  private static final Pattern TOKEN =
      Pattern.compile("(?<id>[a-z0-9]{6})\\.(?<secret>[a-z0-9]{16})");
  private static final Pattern EXTRA_GROUP =
      Pattern.compile("system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]");

  private final Registry registry;
  private final InstantSource clock;

  public BootstrapTokens(Registry registry, InstantSource clock) {
    this.registry = registry;
    this.clock = clock;
  }

  @Override
  public Optional<User> authenticate(Request request) {
    Optional<Matcher> token =
        Authenticator.bearer(request).map(TOKEN::matcher).filter(Matcher::matches);
    return token.flatMap(
        found ->
            registry
                .find(Kinds.SECRET, NAMESPACE, NAME_PREFIX + found.group("id"))
                .flatMap(s -> user(s, found.group("id"), found.group("secret"), clock.instant())));
  }

  /** The user that a Secret makes of who has the token; empty for everybody else. */
  static Optional<User> user(ObjectNode secret, String id, String given, Instant now) {
    boolean valid =
        Trees.text(secret, "type").equals(SECRET_TYPE)
            && Meta.name(secret).equals(NAME_PREFIX + id)
            && !Meta.deleting(secret)
            && data(secret, "token-id").equals(id)
            && isSame(data(secret, "token-secret"), given)
            && data(secret, "usage-bootstrap-authentication").equals("true")
            && !hasExpired(secret, now);
    if (!valid) {
      return Optional.empty();
    }
    List<String> groups = new ArrayList<>(List.of(GROUP));
    for (String group : data(secret, "auth-extra-groups").split(",", -1)) {
      if (!group.isEmpty()) {
        if (!EXTRA_GROUP.matcher(group).matches()) {
          return Optional.empty();
        }
        groups.add(group);
      }
    }
    groups.add(User.AUTHENTICATED);
    return Optional.of(new User("system:bootstrap:" + id, "", groups, Map.of()));
  }

  /** Whether a Secret is a token whose time is over; one whose time cannot be read has none. */
  public static boolean hasExpired(ObjectNode secret, Instant now) {
    String expiration = data(secret, "expiration");
    if (!Trees.text(secret, "type").equals(SECRET_TYPE) || expiration.isEmpty()) {
      return false;
    }
    try {
      return !now.isBefore(Instant.parse(expiration));
    } catch (DateTimeParseException e) {
      return true;
    }
  }

  /** In constant time; nobody has an empty secret. */
  private static boolean isSame(String kept, String given) {
    return !kept.isEmpty()
        && MessageDigest.isEqual(
            kept.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
  }

  private static String data(ObjectNode secret, String key) {
    try {
      byte[] bytes = Base64.getDecoder().decode(Trees.text(secret, "data", key));
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
