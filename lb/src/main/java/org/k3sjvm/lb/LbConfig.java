package org.k3sjvm.lb;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.k3sjvm.base.net.HostPort;

/**
 * A load balancer.
 *
 * @param name appears in logs and as the state file's name
 * @param port local port; 0 for a free one
 * @param ipv6First whether it must listen on ::1, and on 127.0.0.1 only if possible
 * @param scheme of the state file's server URL, {@code https} as a rule
 * @param defaultServer the configured server, also when no other is known
 * @param stateFile where learned servers outlive the process; its directory is made
 * @param portFlag the option that sets {@code port}, for the message when it is taken
 * @param proxy through which servers are dialled; http, https or socks5
 */
public record LbConfig(
    String name,
    int port,
    boolean ipv6First,
    String scheme,
    HostPort defaultServer,
    Path stateFile,
    String portFlag,
    Optional<URI> proxy) {

  /** Source: k3s v1.36.3 pkg/agent/loadbalancer, SupervisorServiceName. */
  public static final String SUPERVISOR = "k3s-agent-load-balancer";

  /** Source: k3s v1.36.3 pkg/agent/loadbalancer, APIServerServiceName. */
  public static final String API_SERVER = "k3s-api-server-agent-load-balancer";

  /** Source: k3s v1.36.3 pkg/cli/cmds/agent.go. */
  public static final int DEFAULT_PORT = 6444;

  public static final String PORT_FLAG = "--lb-server-port";

  public LbConfig {
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException(portFlag + " must be 0 to 65535, not " + port);
    }
  }

  /** The load balancer in front of supervisors; its state lies in {@code <agent>/etc}. */
  public static LbConfig supervisor(
      HostPort server, int port, boolean ipv6First, Path agentDirectory) {
    return new LbConfig(
        SUPERVISOR,
        port,
        ipv6First,
        "https",
        server,
        stateFile(agentDirectory, SUPERVISOR),
        PORT_FLAG,
        Optional.empty());
  }

  /** The one in front of API servers on a port of their own; it listens one port below. */
  public static LbConfig apiServer(
      HostPort server, int supervisorPort, boolean ipv6First, Path agentDirectory) {
    return new LbConfig(
        API_SERVER,
        Math.max(0, supervisorPort - 1),
        ipv6First,
        "https",
        server,
        stateFile(agentDirectory, API_SERVER),
        PORT_FLAG,
        Optional.empty());
  }

  /** The same with servers dialled through a proxy. */
  public LbConfig through(Optional<URI> hop) {
    return new LbConfig(name, port, ipv6First, scheme, defaultServer, stateFile, portFlag, hop);
  }

  private static Path stateFile(Path agentDirectory, String name) {
    return agentDirectory.resolve("etc").resolve(name + ".json");
  }
}
