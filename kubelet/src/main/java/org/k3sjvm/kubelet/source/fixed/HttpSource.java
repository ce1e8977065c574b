package org.k3sjvm.kubelet.source.fixed;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.source.PodListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a URL for static pods from time to time. An answer that is no good changes nothing.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/config/http.go.
 */
public final class HttpSource implements Service {
  private static final Logger log = LoggerFactory.getLogger(HttpSource.class);

  private static final Duration LIMIT = Duration.ofSeconds(10);

  /** Failures that are told loudly; later ones are for who looks closely. */
  private static final int LOUD = 3;

  private final URI url;
  private final Map<String, List<String>> headers;
  private final Duration period;
  private final Manifests manifests;
  private final StaticSet set;
  private final Events events;
  private final Sleeper sleeper;
  private byte[] last = new byte[0];
  private int failures;

  /** Is told what is wrong with a pod. */
  @FunctionalInterface
  public interface Events {
    void event(DesiredPod pod, PodEvent event);
  }

  /**
   * A source that has not begun.
   *
   * @param headers sent with each request
   * @param node this node's name
   */
  public HttpSource(
      URI url,
      Map<String, List<String>> headers,
      String node,
      Duration period,
      PodListener listener,
      Events events,
      InstantSource clock,
      Sleeper sleeper) {
    this.url = url;
    this.headers = Map.copyOf(headers);
    this.period = period;
    this.manifests = new Manifests(node);
    this.set = new StaticSet(listener, clock);
    this.events = events;
    this.sleeper = sleeper;
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      try {
        ask();
        failures = 0;
      } catch (IOException | ManifestException | RuntimeException e) {
        failures++;
        (failures <= LOUD ? log.atWarn() : log.atDebug())
            .addKeyValue("url", url)
            .addKeyValue("reason", String.valueOf(e.getMessage()))
            .addKeyValue("retryIn", period)
            .log("cannot read pods from URL");
      }
      sleeper.sleep(period);
    }
  }

  private void ask() throws IOException, ManifestException, InterruptedException {
    byte[] body = fetch();
    if (body.length == 0) {
      set.set(List.of());
      throw new ManifestException("the answer is empty");
    }
    if (Arrays.equals(body, last)) {
      return;
    }
    last = body;
    set.set(unlike(manifests.ofUrl(body, url.toString())));
  }

  private byte[] fetch() throws IOException, ManifestException {
    if (!(url.toURL().openConnection() instanceof HttpURLConnection connection)) {
      throw new ManifestException("the URL is not one of http or https");
    }
    connection.setConnectTimeout((int) LIMIT.toMillis());
    connection.setReadTimeout((int) LIMIT.toMillis());
    connection.setUseCaches(false);
    headers.forEach((name, values) -> values.forEach(v -> connection.addRequestProperty(name, v)));
    try {
      if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
        throw new ManifestException("the answer is " + connection.getResponseCode());
      }
      try (InputStream in = connection.getInputStream()) {
        return Manifests.read(in);
      }
    } finally {
      connection.disconnect();
    }
  }

  /** The first of each name; of others an event tells. */
  private List<Pod> unlike(List<Pod> pods) {
    Map<String, Pod> byName = new LinkedHashMap<>();
    for (Pod pod : pods) {
      String name = pod.getMetadata().getName();
      String full = pod.getMetadata().getNamespace() + "/" + name;
      if (byName.putIfAbsent(full, pod) != null) {
        events.event(
            DesiredPod.of(pod),
            PodEvent.warning(
                "FailedValidation",
                "Error validating pod %s(%s) from http due to duplicate pod name \"%s\", ignoring"
                    .formatted(full, pod.getMetadata().getUid(), name)));
      }
    }
    return List.copyOf(byName.values());
  }
}
