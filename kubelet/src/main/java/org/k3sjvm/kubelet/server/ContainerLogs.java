package org.k3sjvm.kubelet.server;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.kubelet.pod.ContainerInstance;
import org.k3sjvm.kubelet.pod.PodLookup;

/** {@code GET /containerLogs/{namespace}/{pod}/{container}}. */
final class ContainerLogs {
  private final PodLookup pods;
  private final InstantSource clock;
  private final Sleeper sleeper;

  ContainerLogs(PodLookup pods, InstantSource clock, Sleeper sleeper) {
    this.pods = pods;
    this.clock = clock;
    this.sleeper = sleeper;
  }

  void handle(Request request, Response response) throws IOException, InterruptedException {
    List<String> path = request.segments();
    if (path.size() != 4) {
      throw new ApiError(400, "{\"message\": \"Missing namespace, podID or container.\"}");
    }
    String namespace = path.get(1);
    String name = path.get(2);
    String container = path.get(3);
    LogOptions options = LogOptions.of(request.query(), clock.instant());
    Pod pod =
        pods.pod(namespace, name)
            .orElseThrow(() -> new ApiError(404, "pod \"%s\" does not exist\n".formatted(name)));
    if (!names(pod).anyMatch(container::equals)) {
      throw new ApiError(
          404, "container \"%s\" not found in pod \"%s\"\n".formatted(container, name));
    }
    Optional<ContainerInstance> found =
        pods.container(namespace, name, container, options.previous());
    Path log =
        found
            .flatMap(ContainerInstance::logPath)
            .orElseThrow(() -> noLog(pod, container, options.previous()));
    response.onClientGone(Thread.currentThread()::interrupt);
    // The head goes out before the first entry, which may be long in coming.
    try (OutputStream out = response.body()) {
      new LogStreamer(options, out, sleeper)
          .stream(log, () -> isRunning(namespace, name, found.get()));
    }
  }

  private boolean isRunning(String namespace, String name, ContainerInstance instance) {
    return pods.container(namespace, name, instance.name(), false)
        .filter(now -> now.id().equals(instance.id()) && now.running())
        .isPresent();
  }

  static Stream<String> names(Pod pod) {
    return Stream.of(
            pod.getSpec().getInitContainers().stream().map(Container::getName),
            pod.getSpec().getContainers().stream().map(Container::getName),
            pod.getSpec().getEphemeralContainers().stream().map(each -> each.getName()))
        .flatMap(each -> each);
  }

  /** The words that kubectl prints. Source: kubelet v1.36.3 validateContainerLogStatus. */
  private static ApiError noLog(Pod pod, String container, boolean previous) {
    String name = pod.getMetadata().getName();
    if (previous) {
      return new ApiError(
          400,
          "previous terminated container \"%s\" in pod \"%s\" not found\n"
              .formatted(container, name));
    }
    String reason =
        switch (waitingReason(pod, container)) {
          case "ErrImagePull" -> "image can't be pulled";
          case "ImagePullBackOff" -> "trying and failing to pull image";
          case String other -> other;
        };
    return new ApiError(
        400,
        "container \"%s\" in pod \"%s\" is waiting to start: %s\n"
            .formatted(container, name, reason));
  }

  private static String waitingReason(Pod pod, String container) {
    return Optional.ofNullable(pod.getStatus()).stream()
        .flatMap(
            status ->
                Stream.of(
                    status.getInitContainerStatuses(),
                    status.getContainerStatuses(),
                    status.getEphemeralContainerStatuses()))
        .flatMap(List::stream)
        .filter(status -> status.getName().equals(container))
        .map(ContainerStatus::getState)
        .flatMap(Stream::ofNullable)
        .map(ContainerState::getWaiting)
        .flatMap(Stream::ofNullable)
        .map(waiting -> Optional.ofNullable(waiting.getReason()).orElse("ContainerCreating"))
        .findFirst()
        .orElse("ContainerCreating");
  }
}
