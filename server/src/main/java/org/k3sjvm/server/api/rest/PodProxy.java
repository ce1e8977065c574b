package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.http.ClientRequest;
import org.k3sjvm.http.HttpClientConnection;
import org.k3sjvm.http.Response;
import org.k3sjvm.http.SocketDuplex;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.tree.Trees;

/**
 * {@code pods/[http:]NAME[:PORT]/proxy/…}: what a pod serves itself. This server's host is a node,
 * so the pod network is at hand.
 *
 * <p>Source: Kubernetes v1.36 pkg/registry/core/pod/strategy.go, ResourceLocation.
 */
final class PodProxy {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final Registry registry;

  PodProxy(Registry registry) {
    this.registry = registry;
  }

  void handle(ApiRequest request, Response response) throws IOException, InterruptedException {
    String[] parts = request.name().split(":", -1);
    String scheme = parts.length == 3 ? parts[0] : "";
    String name = parts.length == 3 ? parts[1] : parts[0];
    if (parts.length > 3 || !(scheme.isEmpty() || scheme.equals("http"))) {
      throw ApiException.badRequest("invalid pod request \"" + request.name() + "\"");
    }
    ObjectNode pod = Trees.parse(registry.get(Kinds.POD, request.namespace(), name).value());
    HostPort place = place(pod, parts.length == 1 ? "" : parts[parts.length - 1]);
    Socket socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(place.host(), place.port()), (int) LIMIT.toMillis());
    } catch (IOException e) {
      socket.close();
      throw ApiException.internal("error trying to reach pod " + name + ": " + e.getMessage());
    }
    KubeletProxy.relay(
        new HttpClientConnection(new SocketDuplex(socket)),
        "pod " + name,
        new ClientRequest(
            request.http().method(),
            KubeletProxy.behindProxy(request.http().target().raw()),
            KubeletProxy.headers(request.http(), place, false)),
        request.http(),
        response,
        false);
  }

  /** The pod's address, and the port that was asked for or else the first that it names. */
  private static HostPort place(ObjectNode pod, String asked) {
    String address = Trees.text(pod, "status", "podIP");
    if (address.isEmpty() || isOfThisHost(address)) {
      throw ApiException.badRequest("address not allowed");
    }
    long port = 80;
    if (!asked.isEmpty()) {
      try {
        port = Integer.parseInt(asked);
      } catch (NumberFormatException _) {
        port = 0;
      }
    } else {
      port =
          Trees.objects(pod, "spec", "containers").stream()
              .flatMap(container -> Trees.objects(container, "ports").stream())
              .mapToLong(one -> Trees.number(one, "containerPort"))
              .findFirst()
              .orElse(port);
    }
    if (port < 1 || port > 65_535) {
      throw ApiException.badRequest("invalid port \"" + asked + "\"");
    }
    return new HostPort(address, (int) port);
  }

  /** A pod says itself where it is; that must not lead to what only this host can reach. */
  private static boolean isOfThisHost(String address) {
    InetAddress where = InetAddress.ofLiteral(address);
    return where.isLoopbackAddress()
        || where.isLinkLocalAddress()
        || where.isMulticastAddress()
        || where.isAnyLocalAddress();
  }
}
