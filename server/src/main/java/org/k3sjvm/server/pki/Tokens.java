package org.k3sjvm.server.pki;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.secret.Secret;

/**
 * The passwords of servers and agents.
 *
 * @param server of user {@code server}
 * @param agent of user {@code node}; the same unless agents have their own
 */
public record Tokens(Secret server, Secret agent) {
  static final String SERVER_GROUP = "k3s:server";
  static final String AGENT_GROUP = "k3s:agent";
  private static final int PASSWORD_BYTES = 16;

  /**
   * Settles on passwords: those that are configured, else those of the last start, else new ones.
   *
   * @param stored the password file; empty text when there is none
   */
  static Tokens settle(PkiConfig config, String stored, RandomGenerator random) {
    Secret server =
        config
            .token()
            .map(Tokens::password)
            .or(() -> find(stored, "server"))
            .orElseGet(() -> fresh(random));
    return new Tokens(server, config.agentToken().map(Tokens::password).orElse(server));
  }

  /** The password file. Source: k3s v1.36.3 pkg/authenticator/basicauth. */
  String passwordFile() {
    return server.reveal()
        + ",server,server,"
        + SERVER_GROUP
        + "\n"
        + agent.reveal()
        + ",node,node,"
        + AGENT_GROUP
        + "\n";
  }

  /** A full token: it pins the authority, given as PEM text. */
  static String full(String authorityPem, String user, Secret password) {
    return "K10"
        + Certificates.sha256(authorityPem.getBytes(StandardCharsets.UTF_8))
        + "::"
        + user
        + ":"
        + password.reveal();
  }

  private static Optional<Secret> find(String stored, String user) {
    for (String line : stored.lines().toList()) {
      List<String> columns = new ArrayList<>(List.of(line.split(",", -1)));
      if (columns.size() >= 4 && columns.get(columns.size() - 3).equals(user)) {
        String password = String.join(",", columns.subList(0, columns.size() - 3));
        return password.isEmpty() ? Optional.empty() : Optional.of(new Secret(password));
      }
    }
    return Optional.empty();
  }

  /** A full token is accepted where a password is asked for. */
  private static Secret password(Secret token) {
    String text = token.reveal();
    int user = text.startsWith("K10") ? text.indexOf("::") : -1;
    int colon = user < 0 ? -1 : text.indexOf(':', user + 2);
    return colon < 0 ? token : new Secret(text.substring(colon + 1));
  }

  private static Secret fresh(RandomGenerator random) {
    byte[] bytes = new byte[PASSWORD_BYTES];
    random.nextBytes(bytes);
    return new Secret(HexFormat.of().formatHex(bytes));
  }
}
