package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.http.ClientRequest;
import org.k3sjvm.http.ClientResponse;
import org.k3sjvm.http.Duplex;
import org.k3sjvm.http.Headers;
import org.k3sjvm.http.HttpClientConnection;
import org.k3sjvm.http.Query;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.http.websocket.WebSocketHandshake;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/**
 * Logs, exec, attach, port-forward and the kubelet's own paths: the request goes on to the kubelet,
 * and after an upgrade the bytes pass untouched in both directions.
 */
final class KubeletProxy {
  private static final int KUBELET_PORT = 10250;
  private static final int EXPLANATION_BYTES = 4096;
  private static final String DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

  /** What belongs to one connection, or tells who the client is, does not go on. */
  private static final Set<String> OWN_HEADERS =
      Set.of("host", "authorization", "content-length", "transfer-encoding", "accept-encoding");

  private static final Set<String> UPGRADE_HEADERS =
      Set.of(
          "connection",
          "upgrade",
          "sec-websocket-key",
          "sec-websocket-version",
          "sec-websocket-protocol",
          "sec-websocket-extensions");

  private static final Set<String> HOP_HEADERS =
      Set.of("content-length", "transfer-encoding", "connection", "keep-alive", "date");

  private final Registry registry;
  private final KubeletConnector connector;

  KubeletProxy(Registry registry, KubeletConnector connector) {
    this.registry = registry;
    this.connector = connector;
  }

  void pod(ApiRequest request, Response response) throws IOException, InterruptedException {
    ObjectNode pod =
        Trees.parse(registry.get(Kinds.POD, request.namespace(), request.name()).value());
    String node = Trees.text(pod, "spec", "nodeName");
    boolean log = request.subresource().equals("log");
    String container =
        request.subresource().equals("portforward")
            ? ""
            : container(pod, request.parameter("container"), log);
    if (node.isEmpty()) {
      if (log) {
        response.status(200).header("Content-Type", "text/plain");
        response.send(new byte[0]);
        return;
      }
      throw ApiException.badRequest("pod " + Meta.name(pod) + " does not have a host assigned");
    }
    String place = segment(Meta.namespace(pod)) + "/" + segment(Meta.name(pod));
    Query query = request.http().query();
    String target =
        switch (request.subresource()) {
          case "log" -> "/containerLogs/" + place + "/" + segment(container) + logQuery(query);
          case "exec" -> "/exec/" + place + "/" + segment(container) + streamQuery(query, true);
          case "attach" ->
              "/attach/" + place + "/" + segment(container) + streamQuery(query, false);
          default -> "/portForward/" + place + portQuery(query);
        };
    forward(node, target, request.http(), response, log);
  }

  /** {@code /api/v1/nodes/NAME/proxy/…}: the kubelet's path behind it. */
  void node(ApiRequest request, Response response) throws IOException, InterruptedException {
    String name = request.name();
    int colon = name.lastIndexOf(':');
    String raw = request.http().target().raw();
    forward(
        colon < 0 ? name : name.substring(0, colon),
        behindProxy(raw),
        request.http(),
        response,
        false);
  }

  /** The path and query behind the first {@code /proxy}. */
  static String behindProxy(String raw) {
    String marker = "/proxy";
    String path = raw.substring(raw.indexOf(marker) + marker.length());
    return path.startsWith("/") ? path : "/" + path;
  }

  private static String container(ObjectNode pod, String asked, boolean log) {
    List<String> regular = names(pod, "containers");
    List<String> all = new ArrayList<>(regular);
    all.addAll(names(pod, "initContainers"));
    all.addAll(names(pod, "ephemeralContainers"));
    if (!asked.isEmpty()) {
      if (!all.contains(asked)) {
        throw ApiException.badRequest(
            "container " + asked + " is not valid for pod " + Meta.name(pod));
      }
      return asked;
    }
    String annotated = Meta.annotation(pod, DEFAULT_CONTAINER);
    if (all.contains(annotated)) {
      return annotated;
    }
    if (regular.size() == 1 || (!log && !regular.isEmpty())) {
      return regular.getFirst();
    }
    throw ApiException.badRequest(
        "a container name must be specified for pod "
            + Meta.name(pod)
            + ", choose one of: ["
            + String.join(" ", regular)
            + "]");
  }

  private static List<String> names(ObjectNode pod, String list) {
    return Trees.objects(pod, "spec", list).stream().map(c -> Trees.text(c, "name")).toList();
  }

  private static String segment(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String logQuery(Query query) {
    StringBuilder text = new StringBuilder();
    for (String name :
        new String[] {
          "follow",
          "previous",
          "sinceSeconds",
          "sinceTime",
          "timestamps",
          "tailLines",
          "limitBytes",
          "stream"
        }) {
      query.first(name).ifPresent(value -> add(text, name, value));
    }
    return text.toString();
  }

  /** The kubelet's names for what the API calls stdin, stdout and stderr. */
  private static String streamQuery(Query query, boolean exec) {
    StringBuilder text = new StringBuilder();
    if (exec) {
      query.all("command").forEach(word -> add(text, "command", word));
    }
    String[][] names = {
      {"stdin", "input"}, {"stdout", "output"}, {"stderr", "error"}, {"tty", "tty"}
    };
    for (String[] name : names) {
      if (ApiRequest.isTrue(query, name[0])) {
        add(text, name[1], "1");
      }
    }
    return text.toString();
  }

  private static String portQuery(Query query) {
    StringBuilder text = new StringBuilder();
    List<String> ports = new ArrayList<>(query.all("ports"));
    ports.addAll(query.all("port"));
    ports.forEach(port -> add(text, "port", port));
    return text.toString();
  }

  private static void add(StringBuilder text, String name, String value) {
    text.append(text.isEmpty() ? '?' : '&').append(name).append('=');
    text.append(URLEncoder.encode(value, StandardCharsets.UTF_8));
  }

  /**
   * Sends the request on.
   *
   * @param explain whether a refusal becomes a Status, which is what kubectl shows of a log request
   */
  private void forward(
      String name, String target, Request request, Response response, boolean explain)
      throws IOException, InterruptedException {
    ObjectNode node = Trees.parse(registry.get(Kinds.NODE, "", name).value());
    HostPort kubelet = kubelet(node);
    HttpClientConnection connection;
    try {
      connection = new HttpClientConnection(connector.connect(name, kubelet));
    } catch (IOException e) {
      throw ApiException.internal(
          "error dialing backend: node " + name + " at " + kubelet + ": " + e.getMessage());
    }
    relay(
        connection,
        "the kubelet of node " + name,
        new ClientRequest(request.method(), target, headers(request, kubelet, explain)),
        request,
        response,
        explain);
  }

  /**
   * Sends a request over a connection, which it closes, and the answer back.
   *
   * @param whom for messages
   * @param explain whether a refusal becomes a Status
   */
  static void relay(
      HttpClientConnection connection,
      String whom,
      ClientRequest asked,
      Request request,
      Response response,
      boolean explain)
      throws IOException, InterruptedException {
    try (connection) {
      response.onClientGone(connection::close);
      ClientResponse answer;
      try {
        answer = connection.send(asked, request.bodyBytes());
      } catch (IOException e) {
        throw ApiException.internal("error reaching " + whom + ": " + e.getMessage());
      }
      if (explain && answer.status() >= 400) {
        byte[] why = answer.body().readNBytes(EXPLANATION_BYTES);
        throw ApiException.ofBackend(
            answer.status(), new String(why, StandardCharsets.UTF_8).strip());
      }
      if (explain && WebSocketHandshake.isAsked(request)) {
        LogSocket.send(request, response, answer.body());
        return;
      }
      response.status(answer.status());
      for (Headers.Entry header : answer.headers().entries()) {
        if (answer.upgraded() || !HOP_HEADERS.contains(header.name().toLowerCase(Locale.ROOT))) {
          response.addHeader(header.name(), header.value());
        }
      }
      if (answer.upgraded()) {
        pump(response.hijack(), connection.streams());
      } else {
        try (OutputStream out = response.body()) {
          copy(answer.body(), out);
        }
      }
    }
  }

  /**
   * The client's headers, less what is its own.
   *
   * @param plain whether an upgrade ends here: logs leave the kubelet as plain bytes
   */
  static Headers headers(Request request, HostPort other, boolean plain) {
    List<Headers.Entry> kept = new ArrayList<>();
    kept.add(new Headers.Entry("Host", other.toString()));
    for (Headers.Entry header : request.headers().entries()) {
      String name = header.name().toLowerCase(Locale.ROOT);
      if (!OWN_HEADERS.contains(name) && !(plain && UPGRADE_HEADERS.contains(name))) {
        kept.add(header);
      }
    }
    return new Headers(kept);
  }

  private static HostPort kubelet(ObjectNode node) {
    long port = Trees.number(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
    for (String type : new String[] {"InternalIP", "ExternalIP", "Hostname"}) {
      for (JsonNode address : Trees.at(node, "status", "addresses")) {
        if (Trees.text(address, "type").equals(type)) {
          return new HostPort(
              Trees.text(address, "address"), port == 0 ? KUBELET_PORT : (int) port);
        }
      }
    }
    throw ApiException.internal(
        "no preferred addresses found for node " + Meta.name(node) + "; is it registered?");
  }

  private static void pump(Duplex client, Duplex kubelet) throws InterruptedException {
    Thread up =
        Thread.ofVirtual()
            .name("kubelet-proxy-up")
            .start(
                () -> {
                  try {
                    copy(client.input(), kubelet.output());
                    kubelet.closeOutput();
                  } catch (IOException e) {
                    kubelet.close();
                  }
                });
    try {
      copy(kubelet.input(), client.output());
      client.closeOutput();
    } catch (IOException _) {
      // One side is gone: both end below.
    } finally {
      kubelet.close();
      client.close();
      up.join();
    }
  }

  private static void copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[8192];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      out.write(buffer, 0, n);
      out.flush();
    }
  }
}
