package org.k3sjvm.kubelet.handler;

import java.util.Optional;

/**
 * What a server said.
 *
 * @param location where it points to
 * @param body of answers that point elsewhere, cut at 10 KiB; empty for all others
 */
public record HttpAnswer(int status, Optional<String> location, String body) {
  /** Whether a client goes on to {@link #location}. Source: Go's net/http, redirectBehavior. */
  boolean redirects() {
    return switch (status) {
      case 301, 302, 303, 307, 308 -> location.isPresent();
      default -> false;
    };
  }
}
