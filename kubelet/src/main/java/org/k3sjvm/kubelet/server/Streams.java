package org.k3sjvm.kubelet.server;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.StdStreams;
import org.k3sjvm.http.Query;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.kubelet.pod.ContainerInstance;
import org.k3sjvm.kubelet.pod.PodLookup;

/** {@code /exec}, {@code /attach}, {@code /portForward} and {@code /run}. */
final class Streams {
  private static final Duration NO_LIMIT = Duration.ZERO;

  private final PodLookup pods;
  private final ContainerRuntime runtime;

  Streams(PodLookup pods, ContainerRuntime runtime) {
    this.pods = pods;
    this.runtime = runtime;
  }

  void exec(Request request, Response response) throws IOException, InterruptedException {
    UpgradeProxy.requireUpgrade(request);
    StdStreams streams = streams(request.query(), flag(request.query(), "tty"));
    ContainerInstance container = container(request);
    URI target =
        asking(() -> runtime.exec(container.id(), request.query().all("command"), streams));
    UpgradeProxy.pass(target, request, response);
  }

  void attach(Request request, Response response) throws IOException, InterruptedException {
    UpgradeProxy.requireUpgrade(request);
    ContainerInstance container = container(request);
    Pod pod = pod(request);
    boolean tty =
        pod.getSpec().getContainers().stream()
                .filter(each -> each.getName().equals(container.name()))
                .anyMatch(each -> Boolean.TRUE.equals(each.getTty()))
            || pod.getSpec().getInitContainers().stream()
                .filter(each -> each.getName().equals(container.name()))
                .map(Container::getTty)
                .anyMatch(Boolean.TRUE::equals)
            || pod.getSpec().getEphemeralContainers().stream()
                .filter(each -> each.getName().equals(container.name()))
                .anyMatch(each -> Boolean.TRUE.equals(each.getTty()));
    StdStreams streams = streams(request.query(), tty);
    UpgradeProxy.pass(asking(() -> runtime.attach(container.id(), streams)), request, response);
  }

  void portForward(Request request, Response response) throws IOException, InterruptedException {
    UpgradeProxy.requireUpgrade(request);
    List<Integer> ports = ports(request);
    Pod pod = pod(request);
    SandboxId sandbox =
        pods.sandbox(pod.getMetadata().getNamespace(), pod.getMetadata().getName())
            .orElseThrow(() -> new ApiError(404, "pod has no running sandbox\n"));
    UpgradeProxy.pass(asking(() -> runtime.portForward(sandbox, ports)), request, response);
  }

  /** Runs a command to its end and returns what it said, without a terminal. */
  void run(Request request, Response response) throws IOException, InterruptedException {
    ContainerInstance container = container(request);
    List<String> command = List.of(request.query().first("cmd").orElse("").split(" ", -1));
    ExecResult result = asking(() -> runtime.execSync(container.id(), command, NO_LIMIT));
    if (result.exitCode() != 0) {
      throw new ApiError(
          500, "command exited with %d: %s\n".formatted(result.exitCode(), result.stderr()));
    }
    response.send(200, "text/plain; charset=utf-8", result.stdout() + result.stderr());
  }

  private static StdStreams streams(Query query, boolean tty) {
    boolean in = flag(query, "input");
    boolean out = flag(query, "output");
    boolean error = flag(query, "error") && !tty;
    if (!in && !out && !error) {
      throw new ApiError(400, "you must specify at least 1 of stdin, stdout, stderr\n");
    }
    return new StdStreams(in, out, error, tty);
  }

  /** Ports are named in the URL by WebSocket clients only; SPDY names one in each stream. */
  private static List<Integer> ports(Request request) {
    List<Integer> ports = new ArrayList<>();
    for (String value : request.query().all("port")) {
      for (String text : value.split(",", -1)) {
        if (!text.matches("[1-9][0-9]{0,4}") || Integer.parseInt(text) > 65535) {
          throw new ApiError(400, "unable to parse \"" + text + "\" as a port\n");
        }
        ports.add(Integer.parseInt(text));
      }
    }
    if (ports.isEmpty()
        && request.headers().first("Upgrade").orElse("").equalsIgnoreCase("websocket")
        && request.headers().all("Sec-WebSocket-Protocol").stream()
            .noneMatch(value -> value.contains("SPDY/3.1+"))) {
      throw new ApiError(400, "query parameter \"port\" is required\n");
    }
    return ports;
  }

  /** Only {@code 1} is yes: these are the kubelet's own parameters, not the API's. */
  private static boolean flag(Query query, String name) {
    return query.first(name).filter("1"::equals).isPresent();
  }

  /** The pod of {@code /verb/namespace/pod[/uid][/container]}. */
  private Pod pod(Request request) {
    List<String> path = request.segments();
    boolean names = path.getFirst().equals("portForward");
    int withUid = names ? 4 : 5;
    if (path.size() != withUid && path.size() != withUid - 1) {
      throw new ApiError(404, "404 page not found\n");
    }
    Optional<String> uid = path.size() == withUid ? Optional.of(path.get(3)) : Optional.empty();
    return pods.pod(path.get(1), path.get(2))
        .filter(pod -> uid.isEmpty() || uid.get().equals(pod.getMetadata().getUid()))
        .orElseThrow(() -> new ApiError(404, "pod does not exist\n"));
  }

  private ContainerInstance container(Request request) {
    Pod pod = pod(request);
    String name = request.segments().getLast();
    return pods.container(
            pod.getMetadata().getNamespace(), pod.getMetadata().getName(), name, false)
        .orElseThrow(() -> new ApiError(404, "container not found (\"" + name + "\")\n"));
  }

  @FunctionalInterface
  private interface RuntimeCall<T> {
    T call() throws InterruptedException;
  }

  private static <T> T asking(RuntimeCall<T> call) throws InterruptedException {
    try {
      return call.call();
    } catch (CriException.NotFound e) {
      throw new ApiError(404, e.getMessage() + "\n");
    } catch (CriException e) {
      throw new ApiError(500, e.getMessage() + "\n");
    }
  }
}
