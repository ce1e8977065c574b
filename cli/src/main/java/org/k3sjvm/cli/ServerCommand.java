package org.k3sjvm.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.agent.Agent;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.AgentFlags;
import org.k3sjvm.agent.config.ConfigFile;
import org.k3sjvm.agent.config.FlagValues;
import org.k3sjvm.agent.config.LogFlags;
import org.k3sjvm.agent.config.UsageException;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.cli.logging.LogfmtProvider;
import org.k3sjvm.server.Server;
import org.k3sjvm.server.ServerConfig;

/**
 * {@code k3s server}: the embedded server and, unless it is disabled, an agent of its own in the
 * same process.
 */
final class ServerCommand {
  // Never connected to: asking for a route to it tells this host's own address.
  private static final InetSocketAddress ELSEWHERE = new InetSocketAddress("192.0.2.1", 9);
  private static final int DNS_OFFSET = 10;

  private ServerCommand() {}

  static int run(List<String> arguments, PrintStream out) {
    if (AgentConfig.asksForHelp(arguments)) {
      out.print(
          FlagValues.help(
              "server", "Run a small server, and an agent on this machine", ServerFlags.ALL));
      return Main.OK;
    }
    List<String> expanded = ConfigFile.expand(arguments, System.getenv());
    FlagValues flags = FlagValues.parse(ServerFlags.ALL, expanded, System.getenv());
    LogfmtProvider.begin(LogFlags.of(flags));
    ServerConfig config = config(flags);
    List<String> command = new ArrayList<>(List.of("server"));
    command.addAll(expanded);
    Ciphers.choose();
    return Foreground.run("server", () -> serve(config, flags, command));
  }

  private static void serve(ServerConfig config, FlagValues flags, List<String> command)
      throws IOException, InterruptedException {
    try (Server server = Server.open(config, InstantSource.system());
        ServiceGroup group = ServiceGroup.open("k3s")) {
      group.start("server", server);
      if (!flags.on(ServerFlags.DISABLE_AGENT)) {
        AgentConfig beside =
            AgentConfig.of(
                flags
                    .with(
                        AgentFlags.SERVER,
                        "https://" + new HostPort("127.0.0.1", server.address().getPort()))
                    .with(AgentFlags.TOKEN, server.agentToken().reveal())
                    .with(AgentFlags.TOKEN_FILE, "")
                    .with(AgentFlags.COLD_START_MAX_AGE, "0"), // the server is never away
                command);
        group.start("agent", new Agent(beside, LogfmtProvider::recentTroubles)::run);
      }
      group.await();
    }
  }

  static ServerConfig config(FlagValues flags) {
    Path dataDir =
        flags
            .text(AgentFlags.DATA_DIR)
            .map(Path::of)
            .orElse(AgentConfig.DEFAULT_DATA_DIR)
            .toAbsolutePath()
            .normalize();
    InetAddress address =
        flags
            .text(ServerFlags.ADVERTISE_ADDRESS)
            .or(() -> flags.commaList(AgentFlags.NODE_IP).stream().findFirst())
            .map(text -> address("advertise-address", text))
            .orElseGet(ServerCommand::ownAddress);
    ServerConfig defaults = ServerConfig.defaults(dataDir, nodeName(flags), address);
    Cidr services =
        flags
            .text(ServerFlags.SERVICE_CIDR)
            .map(text -> cidr("service-cidr", text))
            .orElse(defaults.serviceCidr());
    return new ServerConfig(
        dataDir,
        new HostPort(
            flags.text(AgentFlags.BIND_ADDRESS).orElse(defaults.listen().host()),
            flags.number(ServerFlags.HTTPS_LISTEN_PORT, ServerConfig.DEFAULT_PORT)),
        address,
        flags
            .text(ServerFlags.CLUSTER_CIDR)
            .map(text -> cidr("cluster-cidr", text))
            .orElse(defaults.clusterCidr()),
        services,
        flags
            .text(ServerFlags.CLUSTER_DNS)
            .map(text -> address("cluster-dns", text))
            .orElse(services.at(DNS_OFFSET)),
        flags.text(ServerFlags.CLUSTER_DOMAIN).orElse(defaults.clusterDomain()),
        flags.text(ServerFlags.FLANNEL_BACKEND).orElse(defaults.flannelBackend()),
        defaults.nodeName(),
        flags.commaList(ServerFlags.TLS_SAN),
        token(flags),
        flags.text(ServerFlags.AGENT_TOKEN).map(Secret::new),
        flags
            .text(ServerFlags.WRITE_KUBECONFIG)
            .map(Path::of)
            .map(Path::toAbsolutePath)
            .orElse(defaults.kubeconfig()));
  }

  private static Optional<Secret> token(FlagValues flags) {
    Optional<String> file = flags.text(AgentFlags.TOKEN_FILE);
    if (file.isEmpty()) {
      return flags.text(AgentFlags.TOKEN).map(Secret::new);
    }
    try {
      return AtomicFiles.read(Path.of(file.get()))
          .map(String::strip)
          .filter(text -> !text.isEmpty())
          .map(Secret::new);
    } catch (IOException e) {
      throw new UsageException("cannot read --token-file " + file.get() + ": " + e.getMessage(), e);
    }
  }

  private static String nodeName(FlagValues flags) {
    return flags
        .text(AgentFlags.NODE_NAME)
        .orElseGet(
            () -> {
              try {
                return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
              } catch (IOException e) {
                throw new UsageException(
                    "cannot read the host's name: name the node with --node-name", e);
              }
            });
  }

  private static InetAddress ownAddress() {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(ELSEWHERE);
      InetAddress own = socket.getLocalAddress();
      return own.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : own;
    } catch (IOException | java.io.UncheckedIOException e) {
      throw new UsageException(
          "this host has no default route: name its address with --node-ip", e);
    }
  }

  private static InetAddress address(String flag, String text) {
    try {
      return IpAddresses.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + flag + " needs an IP address, not " + text, e);
    }
  }

  private static Cidr cidr(String flag, String text) {
    try {
      return Cidr.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          "--" + flag + " needs a network such as 10.42.0.0/16: " + e.getMessage(), e);
    }
  }
}
