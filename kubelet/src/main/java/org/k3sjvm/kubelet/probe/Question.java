package org.k3sjvm.kubelet.probe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.GRPCAction;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.TCPSocketAction;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.k3sjvm.kubelet.env.Expansion;
import org.k3sjvm.kubelet.handler.HttpGet;
import org.k3sjvm.kubelet.handler.Ports;

/**
 * What a probe asks, worked out once for many askings.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/prober/prober.go, runProbe.
 */
sealed interface Question {
  /** Runs a command in the container. */
  record Exec(List<String> command) implements Question {
    public Exec {
      command = List.copyOf(command);
    }
  }

  /** Asks for a page. */
  record Http(HttpGet request) implements Question {}

  /** Connects and hangs up. */
  record Tcp(String host, int port) implements Question {}

  /** Asks for the health of a service; empty for that of the server. */
  record Grpc(String host, int port, String service) implements Question {}

  /** Cannot be asked. */
  record Impossible(String why) implements Question {}

  /**
   * Works it out.
   *
   * @param podIp where the pod answers
   */
  static Question of(Probe probe, Container container, String podIp) {
    try {
      if (probe.getExec() != null) {
        return new Exec(Expansion.expand(probe.getExec().getCommand(), literals(container)));
      }
      if (probe.getHttpGet() != null) {
        return new Http(HttpGet.of(probe.getHttpGet(), container, podIp, "probe"));
      }
      if (probe.getTcpSocket() != null) {
        TCPSocketAction tcp = probe.getTcpSocket();
        String host = Objects.requireNonNullElse(tcp.getHost(), "");
        return new Tcp(host.isEmpty() ? podIp : host, Ports.of(tcp.getPort(), container));
      }
      if (probe.getGrpc() != null) {
        GRPCAction grpc = probe.getGrpc();
        return new Grpc(podIp, grpc.getPort(), Objects.requireNonNullElse(grpc.getService(), ""));
      }
      return new Impossible("missing probe handler");
    } catch (IllegalArgumentException e) {
      return new Impossible(String.valueOf(e.getMessage()));
    }
  }

  /** The values that stand in the definition itself; others are not known to a probe. */
  private static Map<String, String> literals(Container container) {
    Map<String, String> known = new HashMap<>();
    for (EnvVar env : container.getEnv()) {
      known.put(env.getName(), Objects.requireNonNullElse(env.getValue(), ""));
    }
    return known;
  }
}
