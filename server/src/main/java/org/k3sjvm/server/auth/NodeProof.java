package org.k3sjvm.server.auth;

import java.util.Locale;
import java.util.Optional;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.http.Request;
import org.k3sjvm.nodepassword.NodeIdentity;
import org.k3sjvm.server.api.access.User;

/**
 * Checks the headers of a request for a node's certificate. Source: k3s v1.36.3
 * pkg/nodepassword/validate.go.
 */
public final class NodeProof {
  private final NodePasswords passwords;

  public NodeProof(NodePasswords passwords) {
    this.passwords = passwords;
  }

  /** What came of it. */
  public sealed interface Result {
    /** The node's name, lower-case. */
    record Proven(String node) implements Result {}

    /** An HTTP status and a message for it. */
    record Failed(int status, String message) implements Result {}
  }

  /** Checks name and password of a request that a user sent. */
  public Result check(Request request, User user) throws InterruptedException {
    Optional<String> name =
        request.headers().first(NodeIdentity.NAME_HEADER).filter(text -> !text.isBlank());
    if (name.isEmpty()) {
      return new Result.Failed(400, "node name not set");
    }
    Optional<String> password =
        request.headers().first(NodeIdentity.PASSWORD_HEADER).filter(text -> !text.isBlank());
    if (password.isEmpty()) {
      return new Result.Failed(400, "node password not set");
    }
    String node = name.get().strip().toLowerCase(Locale.ROOT);
    Optional<String> certified = user.node();
    if (certified.isPresent()) {
      if (!certified.get().equals(node)) {
        return new Result.Failed(400, "header node name does not match auth node name");
      }
      if (!passwords.nodeExists(node)) {
        return new Result.Failed(401, "unable to verify node identity");
      }
    }
    return switch (passwords.check(node, new Secret(password.get()))) {
      case PasswordCheck.Accepted() -> new Result.Proven(node);
      case PasswordCheck.Undecided(String reason) ->
          new Result.Failed(503, "cannot verify the password of node " + node + " now: " + reason);
      case PasswordCheck.Rejected(String reason) ->
          new Result.Failed(403, "unable to verify password for node " + node + ": " + reason);
    };
  }
}
