package org.k3sjvm.cri.grpc;

import java.time.Duration;
import java.util.Optional;

/**
 * How long calls may take.
 *
 * @param request a plain call; positive. Source: kubelet v1.36 runtimeRequestTimeout, 2 m
 */
public record CriTimeouts(Duration request) {
  /** The kubelet's default. */
  public static final CriTimeouts DEFAULT = new CriTimeouts(Duration.ofMinutes(2));

  public CriTimeouts {
    if (!request.isPositive()) {
      throw new IllegalArgumentException("a request timeout is positive: " + request);
    }
  }

  Optional<Duration> plain() {
    return Optional.of(request);
  }

  /** The network plugin may take long. */
  Optional<Duration> runPodSandbox() {
    return Optional.of(request.multipliedBy(2));
  }

  Optional<Duration> stopContainer(Duration grace) {
    return Optional.of(request.plus(grace));
  }

  Optional<Duration> execSync(Duration limit) {
    return limit.isPositive() ? Optional.of(request.plus(limit)) : Optional.empty();
  }
}
