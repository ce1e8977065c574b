package org.k3sjvm.kubelet.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.kube.KubeJson;

/** Which path is served by whom. Source: kubelet v1.36.3 InstallDefaultHandlers and others. */
final class Routes {
  private final ContainerLogs logs;
  private final Streams streams;
  private final PodLists lists;
  private final Numbers numbers;
  private final HostLogs hostLogs;
  private final KubeletServerConfig config;

  Routes(
      ContainerLogs logs,
      Streams streams,
      PodLists lists,
      Numbers numbers,
      HostLogs hostLogs,
      KubeletServerConfig config) {
    this.logs = logs;
    this.streams = streams;
    this.lists = lists;
    this.numbers = numbers;
    this.hostLogs = hostLogs;
    this.config = config;
  }

  void handle(Request request, Response response) throws IOException, InterruptedException {
    String first = request.segments().isEmpty() ? "" : request.segments().getFirst();
    switch (first) {
      case "healthz" -> {
        allow(request, "GET", "HEAD");
        response.send(200, "text/plain; charset=utf-8", "ok");
      }
      case "pods" -> {
        allow(request, "GET");
        lists.pods(response);
      }
      case "runningpods" -> {
        allow(request, "GET");
        lists.runningPods(response);
      }
      case "containerLogs" -> {
        allow(request, "GET");
        logs.handle(request, response);
      }
      case "exec" -> {
        allow(request, "GET", "POST");
        streams.exec(request, response);
      }
      case "attach" -> {
        allow(request, "GET", "POST");
        streams.attach(request, response);
      }
      case "portForward" -> {
        allow(request, "GET", "POST");
        streams.portForward(request, response);
      }
      case "run" -> {
        allow(request, "POST");
        streams.run(request, response);
      }
      case "logs" -> {
        allow(request, "GET", "HEAD");
        hostLogs.handle(request, response);
      }
      case "stats" -> {
        allow(request, "GET", "POST");
        numbers.summary(request, response);
      }
      case "metrics" -> {
        allow(request, "GET");
        numbers.metrics(request, response);
      }
      case "configz" -> {
        allow(request, "GET");
        configz(response);
      }
      default -> throw new ApiError(404, "404 page not found\n");
    }
  }

  private void configz(Response response) throws IOException {
    ObjectNode root = KubeJson.mapper().createObjectNode();
    ObjectNode kubelet = root.putObject("kubeletconfig");
    kubelet.put("address", config.listen().host()).put("port", config.listen().port());
    ObjectNode authentication = kubelet.putObject("authentication");
    authentication.putObject("anonymous").put("enabled", false);
    authentication.putObject("webhook").put("enabled", true).put("cacheTTL", "2m0s");
    kubelet.putObject("authorization").put("mode", "Webhook");
    kubelet.put("enableServer", true).put("readOnlyPort", 0);
    response.send(200, "application/json", root.toString());
  }

  private static void allow(Request request, String... methods) {
    for (String method : methods) {
      if (request.method().equals(method)) {
        return;
      }
    }
    throw new ApiError(405, "405: Method Not Allowed\n");
  }
}
