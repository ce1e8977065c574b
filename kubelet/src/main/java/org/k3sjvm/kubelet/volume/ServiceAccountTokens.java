package org.k3sjvm.kubelet.volume;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tokens of service accounts, bound to a pod, kept until they are due for renewal. Source: kubelet
 * v1.36 pkg/kubelet/token/token_manager.go.
 */
final class ServiceAccountTokens {
  private static final Logger log = LoggerFactory.getLogger(ServiceAccountTokens.class);

  private static final long DEFAULT_SECONDS = 3600;
  private static final Duration OLDEST = Duration.ofHours(24);
  private static final int JITTER_SECONDS = 10;

  private record Key(String podUid, String account, String audience, long seconds) {}

  /**
   * A token.
   *
   * @param seconds how long it was made for
   */
  private record Issued(Secret token, Instant expires, long seconds) {
    boolean isDue(Instant now, Duration jitter) {
      Duration life = Duration.ofSeconds(seconds);
      Instant at = now.plus(jitter);
      return at.isAfter(expires.minus(life).plus(OLDEST))
          || at.isAfter(expires.minus(life.dividedBy(5)));
    }
  }

  private final KubeApi api;
  private final InstantSource clock;
  private final RandomGenerator random;
  private final Map<Key, Issued> issued = new ConcurrentHashMap<>();

  ServiceAccountTokens(KubeApi api, InstantSource clock, RandomGenerator random) {
    this.api = api;
    this.clock = clock;
    this.random = random;
  }

  /**
   * A token that is valid for some time.
   *
   * @throws KubeException when there is none and none can be had
   */
  Secret token(Pod pod, ServiceAccountTokenProjection wanted) throws InterruptedException {
    Key key = key(pod, wanted);
    Issued known = issued.get(key);
    Instant now = clock.instant();
    if (known != null && !known.isDue(now, Duration.ofSeconds(random.nextInt(JITTER_SECONDS)))) {
      return known.token();
    }
    try {
      Issued fresh = request(pod.getMetadata(), key);
      if (known != null && fresh.expires().isBefore(known.expires())) {
        return known.token(); // the answer is an older one, remembered
      }
      issued.put(key, fresh);
      return fresh.token();
    } catch (KubeException e) {
      if (known == null || !now.isBefore(known.expires())) {
        throw e;
      }
      log.atWarn()
          .addKeyValue("pod", ObjectName.of(pod))
          .addKeyValue("expires", known.expires())
          .addKeyValue("reason", e.getMessage())
          .log("cannot renew a service account token, keeping the one there is");
      return known.token();
    }
  }

  /** Whether {@link #token} would ask for a new one now. */
  boolean isDue(Pod pod, ServiceAccountTokenProjection wanted) {
    Issued known = issued.get(key(pod, wanted));
    return known == null
        || known.isDue(clock.instant(), Duration.ofSeconds(random.nextInt(JITTER_SECONDS)));
  }

  private static Key key(Pod pod, ServiceAccountTokenProjection wanted) {
    Long seconds = wanted.getExpirationSeconds();
    String account = pod.getSpec().getServiceAccountName();
    return new Key(
        pod.getMetadata().getUid(),
        account == null || account.isEmpty() ? "default" : account,
        wanted.getAudience() == null ? "" : wanted.getAudience(),
        seconds == null ? DEFAULT_SECONDS : seconds);
  }

  /** Forgets the tokens of a pod. */
  void forget(String podUid) {
    issued.keySet().removeIf(key -> key.podUid().equals(podUid));
  }

  private Issued request(ObjectMeta pod, Key key) throws InterruptedException {
    ObjectNode body =
        KubeJson.newObject()
            .put("apiVersion", "authentication.k8s.io/v1")
            .put("kind", "TokenRequest");
    ObjectNode spec = body.putObject("spec").put("expirationSeconds", key.seconds());
    var audiences = spec.putArray("audiences");
    if (!key.audience().isEmpty()) {
      audiences.add(key.audience());
    }
    spec.putObject("boundObjectRef")
        .put("apiVersion", "v1")
        .put("kind", "Pod")
        .put("name", pod.getName())
        .put("uid", pod.getUid());
    ObjectName account = new ObjectName(pod.getNamespace(), key.account());
    String path = Resources.SERVICE_ACCOUNTS.path(account) + "/token";
    JsonNode answer = api.post(path, body);
    try {
      return new Issued(
          new Secret(answer.at("/status/token").asText()),
          Instant.parse(answer.at("/status/expirationTimestamp").asText()),
          answer.at("/spec/expirationSeconds").asLong(key.seconds()));
    } catch (DateTimeParseException e) {
      throw new KubeException.Unavailable("post to " + path, "the answer has no token", e);
    }
  }
}
