package org.k3sjvm.kube;

import java.time.Duration;

/**
 * Limits of a client.
 *
 * @param userAgent as servers log it
 * @param connectTimeout for a TCP connection
 * @param requestTimeout until an answer is complete; watches only until they are accepted
 * @param objectBytes the largest object, answer or watch event
 * @param listBytes the largest page of a list
 */
public record KubeClientConfig(
    String userAgent,
    Duration connectTimeout,
    Duration requestTimeout,
    long objectBytes,
    long listBytes) {

  /** Objects in etcd are at most about 1.5 MB; heartbeats must fail within 10 s to be retried. */
  public static KubeClientConfig of(String userAgent) {
    return new KubeClientConfig(
        userAgent, Duration.ofSeconds(10), Duration.ofSeconds(10), 4L << 20, 128L << 20);
  }
}
