package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.kubelet.handler.HttpException;
import org.k3sjvm.kubelet.handler.HttpGet;
import org.k3sjvm.kubelet.handler.PodHttp;
import org.k3sjvm.kubelet.handler.Texts;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Runs what a container wants done after its start and before its end. Blocks; who interrupts it
 * leaves the hook to itself.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/lifecycle/handlers.go.
 */
final class Hooks {
  private final ContainerRuntime runtime;

  Hooks(ContainerRuntime runtime) {
    this.runtime = runtime;
  }

  /** Without anybody to tell what is odd. */
  Optional<String> run(
      LifecycleHandler handler,
      ContainerId id,
      Container container,
      List<String> podIps,
      Duration limit)
      throws InterruptedException {
    return run(handler, id, container, podIps, limit, _ -> {});
  }

  /**
   * Runs a handler to its end.
   *
   * @param podIps where the pod answers; asked when the handler names no host
   * @param limit how long it may take; zero for as long as it likes
   * @param events told what users of the pod should know besides
   * @return why it failed; empty when it did not. It may hold secrets of the server that answered
   */
  Optional<String> run(
      LifecycleHandler handler,
      ContainerId id,
      Container container,
      List<String> podIps,
      Duration limit,
      Consumer<PodEvent> events)
      throws InterruptedException {
    if (handler.getExec() != null) {
      return exec(id, handler.getExec().getCommand(), limit);
    }
    if (handler.getHttpGet() != null) {
      return get(handler.getHttpGet(), container, podIps, limit, events);
    }
    if (handler.getSleep() != null) {
      Duration wanted =
          Duration.ofSeconds(Objects.requireNonNullElse(handler.getSleep().getSeconds(), 0L));
      Thread.sleep(limit.isPositive() && limit.compareTo(wanted) < 0 ? limit : wanted);
      return Optional.empty();
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
      HTTPGetAction action,
      Container container,
      List<String> podIps,
      Duration limit,
      Consumer<PodEvent> events)
      throws InterruptedException {
    boolean named = action.getHost() != null && !action.getHost().isEmpty();
    if (!named && podIps.isEmpty()) {
      return Optional.of("the pod has no address");
    }
    HttpGet request;
    try {
      request = HttpGet.of(action, container, named ? "" : podIps.getFirst(), "lifecycle");
    } catch (IllegalArgumentException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    Optional<HttpException> failure = ask(request, limit);
    if (failure.filter(f -> f.stage() == HttpException.Stage.PLAIN_SERVER).isPresent()
        && ask(request.inPlainText(), limit).isEmpty()) {
      events.accept(
          PodEvent.warning(
              "LifecycleHTTPFallback",
              "request to HTTPS lifecycle hook "
                  + Texts.address(request.host(), request.port())
                  + " got HTTP response, retry with HTTP succeeded"));
      return Optional.empty();
    }
    return failure.map(HttpException::getMessage);
  }

  /** Any answer will do, whole or not. */
  private static Optional<HttpException> ask(HttpGet request, Duration limit)
      throws InterruptedException {
    try {
      PodHttp.get(request, PodHttp.Follow.ALL, limit);
      return Optional.empty();
    } catch (HttpException e) {
      return e.stage() == HttpException.Stage.BODY ? Optional.empty() : Optional.of(e);
    }
  }
}
