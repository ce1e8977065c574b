package org.k3sjvm.server.auth;

import java.util.List;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.access.Authenticator;
import org.k3sjvm.server.api.access.CertificateAuthenticator;
import org.k3sjvm.server.api.access.User;

/** Who sent a request. */
public sealed interface Authentication {
  /** A user who proved it. */
  record Known(User user) implements Authentication {}

  /** Nobody tried to prove anything. */
  record Anonymous() implements Authentication {}

  /** A credential was given, and none was right: 401. */
  record Rejected() implements Authentication {}

  /**
   * The ways to prove oneself, in the order of k3s: password, client certificate, then bearer
   * tokens. Source: k3s v1.36.3 pkg/authenticator.
   *
   * @param bearers service account tokens, bootstrap tokens
   */
  static Authenticator inOrder(Passwords passwords, Authenticator bearers) {
    return Authenticator.anyOf(List.of(passwords, new CertificateAuthenticator(), bearers));
  }

  /** Asks, and tells a wrong credential from none. */
  static Authentication of(Request request, Authenticator authenticator) {
    return authenticator
        .authenticate(request)
        .<Authentication>map(Known::new)
        .orElseGet(() -> request.headers().has("Authorization") ? new Rejected() : new Anonymous());
  }
}
