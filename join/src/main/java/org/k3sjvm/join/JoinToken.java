package org.k3sjvm.join;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Pattern;
import org.k3sjvm.base.secret.Secret;

/**
 * A token taken apart.
 *
 * <pre>
 * password                         short secret
 * K10HASH::user:password           pins the cluster's authorities
 * id.secret                        bootstrap token: [a-z0-9]{6}.[a-z0-9]{16}
 * K10HASH::id.secret               bootstrap token with pin
 * </pre>
 *
 * @param caHash lower-case hex SHA-256, when the token pins the authorities
 * @param credentials what authenticates the request
 */
public record JoinToken(Optional<String> caHash, Credentials credentials) {
  private static final String PREFIX = "K10";
  private static final int HASH_LENGTH = 64;
  private static final Pattern BOOTSTRAP = Pattern.compile("[a-z0-9]{6}\\.[a-z0-9]{16}");

  /** What goes into the Authorization header. */
  public sealed interface Credentials {
    /** The header's value. */
    Secret authorization();

    /** A password. Agents always call themselves {@code node}, whatever the token says. */
    record Basic(String user, Secret password) implements Credentials {
      @Override
      public Secret authorization() {
        String pair = user + ":" + password.reveal();
        return new Secret(
            "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
      }
    }

    /** A bootstrap token of Kubernetes. */
    record Bootstrap(String id, Secret secret) implements Credentials {
      @Override
      public Secret authorization() {
        return new Secret("Bearer " + id + "." + secret.reveal());
      }
    }
  }

  /**
   * Reads any form. Source: k3s v1.36.3 pkg/clientaccess/token.go, parseToken.
   *
   * @throws JoinException.InvalidToken when the text is none of them; the message does not show it
   */
  public static JoinToken parse(Secret token) {
    String text = token.reveal();
    if (text.isEmpty()) {
      throw new JoinException.InvalidToken("it is empty");
    }
    if (!text.startsWith(PREFIX)) {
      return new JoinToken(Optional.empty(), credentials(text, true));
    }
    String rest = text.substring(PREFIX.length());
    int split = rest.indexOf("::");
    if (split < 0) {
      return new JoinToken(Optional.empty(), credentials(rest, false));
    }
    String hash = rest.substring(0, split);
    if (!hash.isEmpty() && hash.length() != HASH_LENGTH) {
      throw new JoinException.InvalidToken(
          "its hash of the CA has " + hash.length() + " characters instead of " + HASH_LENGTH);
    }
    return new JoinToken(
        Optional.of(hash).filter(h -> !h.isEmpty()), credentials(rest.substring(split + 2), false));
  }

  private static Credentials credentials(String text, boolean bare) {
    if (BOOTSTRAP.matcher(text).matches()) {
      int dot = text.indexOf('.');
      return new Credentials.Bootstrap(text.substring(0, dot), new Secret(text.substring(dot + 1)));
    }
    if (bare) {
      return new Credentials.Basic(AGENT_USER, new Secret(text));
    }
    int colon = text.indexOf(':');
    if (colon < 0 || colon == text.length() - 1) {
      throw new JoinException.InvalidToken(
          "it starts with K10 but does not end in ::USER:PASSWORD or ::ID.SECRET");
    }
    return new Credentials.Basic(AGENT_USER, new Secret(text.substring(colon + 1)));
  }

  /** Source: k3s v1.36.3 pkg/agent/config, which overrides the token's own user. */
  private static final String AGENT_USER = "node";
}
