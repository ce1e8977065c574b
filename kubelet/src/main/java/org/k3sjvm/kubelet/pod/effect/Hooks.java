package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;

/**
 * Runs what a container wants done after its start and before its end.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/lifecycle/handlers.go.
 */
final class Hooks {
  private static final Duration CONNECT = Duration.ofSeconds(10);

  private final ContainerRuntime runtime;

  Hooks(ContainerRuntime runtime) {
    this.runtime = runtime;
  }

  /**
   * Runs a handler to its end.
   *
   * @param limit how long it may take; zero for as long as it likes
   * @return why it failed; empty when it did not
   */
  Optional<String> run(
      LifecycleHandler handler,
      ContainerId id,
      Container container,
      List<String> podIps,
      Duration limit)
      throws InterruptedException {
    if (handler.getExec() != null) {
      return exec(id, handler.getExec().getCommand(), limit);
    }
    if (handler.getHttpGet() != null) {
      return get(handler.getHttpGet(), container, podIps, limit);
    }
    if (handler.getSleep() != null) {
      Duration wanted = Duration.ofSeconds(handler.getSleep().getSeconds());
      boolean cut = !limit.isZero() && wanted.compareTo(limit) > 0;
      Thread.sleep(cut ? limit : wanted);
      return cut ? Optional.of("the sleep was cut short by the grace period") : Optional.empty();
    }
    return Optional.of("the handler is of no kind that this node knows");
  }

  private Optional<String> exec(ContainerId id, List<String> command, Duration limit)
      throws InterruptedException {
    try {
      ExecResult result = runtime.execSync(id, command, limit);
      return result.exitCode() == 0
          ? Optional.empty()
          : Optional.of("command exited with " + result.exitCode() + ": " + result.stderr());
    } catch (CriException e) {
      return Optional.of(e.detail());
    }
  }

  private static Optional<String> get(
      HTTPGetAction action, Container container, List<String> podIps, Duration limit) {
    String host =
        action.getHost() != null && !action.getHost().isEmpty()
            ? action.getHost()
            : podIps.isEmpty() ? "127.0.0.1" : podIps.getFirst();
    String scheme = "HTTPS".equals(action.getScheme()) ? "https" : "http";
    String path = action.getPath() == null ? "/" : action.getPath();
    try {
      URI uri = new URI(scheme, null, host, port(action.getPort(), container), path, null, null);
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      try {
        connection.setConnectTimeout((int) CONNECT.toMillis());
        connection.setReadTimeout((int) limit.toMillis());
        connection.setRequestProperty("User-Agent", "kube-lifecycle/1.36");
        if (action.getHttpHeaders() != null) {
          action
              .getHttpHeaders()
              .forEach(h -> connection.setRequestProperty(h.getName(), h.getValue()));
        }
        connection.getResponseCode(); // any answer will do
        return Optional.empty();
      } finally {
        connection.disconnect();
      }
    } catch (IOException | URISyntaxException e) {
      return Optional.of(e.toString());
    }
  }

  private static int port(IntOrString port, Container container) {
    if (port.getIntVal() != null) {
      return port.getIntVal();
    }
    return container.getPorts().stream()
        .filter(p -> port.getStrVal().equals(p.getName()))
        .map(p -> p.getContainerPort())
        .findFirst()
        .orElse(80);
  }
}
