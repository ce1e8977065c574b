package org.k3sjvm.agent.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.time.GoDurations;

/**
 * Everything that a user can ask of the agent, checked: a value of this type is one that the agent
 * can start with.
 *
 * @param server the server to join, {@code https} with a host and a port
 * @param token what the user gave with {@code --token}
 * @param tokenFile the file that holds the token; wins over {@code token}, and may appear only
 *     later
 * @param dataDir upstream's {@code <data>}
 * @param nodeName the name as given, lower case; empty for the host's own
 * @param labels of the node, in order
 * @param taints given to the node when it registers
 * @param nodeIps in the user's order; empty to find them
 * @param bindAddress where the kubelet listens; empty for every address
 * @param credentialProviders empty when there are none
 * @param loadBalancerPort 0 for any
 * @param loadBalancing whether servers are reached through balancers; otherwise through {@code
 *     server} alone
 * @param overlayProbe ask peers through the overlay network whether they are reached
 * @param coldStartMaxAge how old what a server said may be, to start pods while none answers; zero
 *     for never
 * @param allowNewCluster whether the node may go over to another cluster than before
 * @param statusPagePort of 127.0.0.1; 0 for no page
 * @param kubeletArgs {@code name=value}, unchecked
 * @param arguments the whole command line after the program's name with the file's flags in place,
 *     for the node-args annotation
 */
public record AgentConfig(
    URI server,
    Optional<Secret> token,
    Optional<Path> tokenFile,
    Path dataDir,
    Optional<String> nodeName,
    boolean withNodeId,
    Map<String, String> labels,
    List<NodeTaint> taints,
    List<String> nodeIps,
    List<String> externalIps,
    List<String> internalDns,
    List<String> externalDns,
    Optional<String> bindAddress,
    RuntimeFlags runtime,
    Optional<CredentialProviders> credentialProviders,
    int loadBalancerPort,
    boolean loadBalancing,
    Optional<Path> resolvConf,
    Optional<String> flannelInterface,
    Optional<Path> flannelConf,
    boolean overlayProbe,
    Duration coldStartMaxAge,
    boolean allowNewCluster,
    int statusPagePort,
    List<String> kubeletArgs,
    List<String> kubeProxyArgs,
    LogFlags log,
    List<String> arguments) {

  public static final Path DEFAULT_DATA_DIR = Path.of("/var/lib/rancher/k3s");

  /** Source: k3s v1.36 pkg/cli/cmds/agent.go. */
  public static final int DEFAULT_LOAD_BALANCER_PORT = 6444;

  public static final Duration DEFAULT_COLD_START_MAX_AGE = Duration.ofDays(7);

  private static final Duration SHORTEST_COLD_START_MAX_AGE = Duration.ofHours(2);

  private static final int HTTPS_PORT = 443;
  private static final int MAX_PORT = 65535;

  public AgentConfig {
    labels = Map.copyOf(labels);
    taints = List.copyOf(taints);
    nodeIps = List.copyOf(nodeIps);
    externalIps = List.copyOf(externalIps);
    internalDns = List.copyOf(internalDns);
    externalDns = List.copyOf(externalDns);
    kubeletArgs = List.copyOf(kubeletArgs);
    kubeProxyArgs = List.copyOf(kubeProxyArgs);
    arguments = List.copyOf(arguments);
  }

  /** Upstream's {@code <agent>}: certificates, kubeconfigs and containerd's configuration. */
  public Path agentDir() {
    return dataDir.resolve("agent");
  }

  /** Whether help is asked for, in place of a run. */
  public static boolean asksForHelp(List<String> arguments) {
    return arguments.stream().anyMatch(argument -> argument.matches("--?(help|h)"));
  }

  public static String help() {
    return FlagValues.help(
        "agent", "Run the node agent: join this machine to a K3s server", AgentFlags.ALL);
  }

  /**
   * Reads the arguments of {@code k3s agent}.
   *
   * @param arguments without the program's name and {@code agent}
   * @throws UsageException when a flag is unknown, missing or bad; several bad values are reported
   *     together
   */
  public static AgentConfig parse(List<String> arguments, Map<String, String> environment) {
    List<String> expanded = ConfigFile.expand(arguments, environment);
    FlagValues flags = FlagValues.parse(AgentFlags.ALL, expanded, environment);
    List<String> command = new ArrayList<>(List.of("agent"));
    command.addAll(expanded);
    return of(flags, command);
  }

  /**
   * The configuration that some flags mean; {@code command} is what the node-args annotation shows.
   */
  public static AgentConfig of(FlagValues flags, List<String> command) {
    return of(flags, command, true);
  }

  /**
   * What can be told of flags to one who asks what is wrong: the server may be missing, and then
   * stands for none, and so may the token.
   */
  public static AgentConfig forDoctor(FlagValues flags) {
    boolean joins = flags.text(AgentFlags.SERVER).isPresent();
    return of(joins ? flags : flags.with(AgentFlags.SERVER, "https://localhost"), List.of(), false);
  }

  private static AgentConfig of(FlagValues flags, List<String> command, boolean needsToken) {
    Problems problems = new Problems();
    Optional<Path> tokenFile = flags.text(AgentFlags.TOKEN_FILE).map(Path::of);
    Optional<Secret> token = flags.text(AgentFlags.TOKEN).map(Secret::new);
    if (needsToken && token.isEmpty() && tokenFile.isEmpty()) {
      problems.add(
          "--token is required: copy it from <data-dir>/server/node-token on a server, or name a"
              + " file with --token-file");
    }
    int port = flags.number(AgentFlags.LB_SERVER_PORT, DEFAULT_LOAD_BALANCER_PORT);
    if (port < 0 || port > MAX_PORT) {
      problems.add("--lb-server-port must be 0 to 65535, not " + port);
    }
    int statusPagePort = flags.number(AgentFlags.STATUS_PAGE_PORT, 0);
    if (statusPagePort < 0 || statusPagePort > MAX_PORT) {
      problems.add("--status-page-port must be 0 to 65535, not " + statusPagePort);
    }
    AgentConfig config =
        new AgentConfig(
            problems.collect(URI.create("https://invalid"), () -> server(flags)),
            token,
            tokenFile,
            flags
                .text(AgentFlags.DATA_DIR)
                .map(AgentConfig::expandHome)
                .orElse(DEFAULT_DATA_DIR)
                .toAbsolutePath()
                .normalize(),
            flags.text(AgentFlags.NODE_NAME),
            flags.on(AgentFlags.WITH_NODE_ID),
            problems.collect(Map.of(), () -> NodeLabels.parse(flags.list(AgentFlags.NODE_LABEL))),
            problems.collect(
                List.of(),
                () -> flags.list(AgentFlags.NODE_TAINT).stream().map(NodeTaint::parse).toList()),
            problems.collect(List.of(), () -> addresses(AgentFlags.NODE_IP, flags)),
            problems.collect(List.of(), () -> addresses(AgentFlags.NODE_EXTERNAL_IP, flags)),
            flags.commaList(AgentFlags.NODE_INTERNAL_DNS),
            flags.commaList(AgentFlags.NODE_EXTERNAL_DNS),
            flags.text(AgentFlags.BIND_ADDRESS),
            RuntimeFlags.of(flags),
            problems.collect(Optional.empty(), () -> credentialProviders(flags)),
            port,
            !flags.on(AgentFlags.DISABLE_APISERVER_LB),
            flags.text(AgentFlags.RESOLV_CONF).map(Path::of),
            flags.text(AgentFlags.FLANNEL_IFACE),
            flags.text(AgentFlags.FLANNEL_CONF).map(Path::of),
            !flags.on(AgentFlags.DISABLE_OVERLAY_PROBE),
            problems.collect(DEFAULT_COLD_START_MAX_AGE, () -> coldStartMaxAge(flags)),
            flags.on(AgentFlags.ALLOW_NEW_CLUSTER),
            statusPagePort,
            kubeletArgs(flags),
            flags.list(AgentFlags.KUBE_PROXY_ARG),
            LogFlags.of(flags),
            command);
    problems.throwAny();
    return config;
  }

  /** What the user says of the kubelet wins over the flag. Source: k3s v1.36 pkg/daemons/agent. */
  private static List<String> kubeletArgs(FlagValues flags) {
    List<String> arguments = new ArrayList<>();
    if (flags.on(AgentFlags.PROTECT_KERNEL_DEFAULTS)) {
      arguments.add("protect-kernel-defaults=true");
    }
    arguments.addAll(flags.list(AgentFlags.KUBELET_ARG));
    return arguments;
  }

  private static Duration coldStartMaxAge(FlagValues flags) {
    Optional<String> text = flags.text(AgentFlags.COLD_START_MAX_AGE);
    try {
      Duration age = text.map(GoDurations::parse).orElse(DEFAULT_COLD_START_MAX_AGE);
      if (age.isZero() || age.compareTo(SHORTEST_COLD_START_MAX_AGE) >= 0) {
        return age;
      }
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          "--cold-start-max-age must be a duration such as 72h, or 0: " + e.getMessage(), e);
    }
    throw new UsageException(
        "--cold-start-max-age must be 0 or at least 2h, as contact is noted once an hour, not "
            + text.orElse(""));
  }

  private static Optional<CredentialProviders> credentialProviders(FlagValues flags) {
    return CredentialProviders.read(
        flags
            .text(AgentFlags.IMAGE_CREDENTIAL_PROVIDER_BIN_DIR)
            .map(Path::of)
            .orElse(CredentialProviders.DEFAULT_DIRECTORY),
        flags
            .text(AgentFlags.IMAGE_CREDENTIAL_PROVIDER_CONFIG)
            .map(Path::of)
            .orElse(CredentialProviders.DEFAULT_CONFIG));
  }

  private static URI server(FlagValues flags) {
    String text =
        flags
            .text(AgentFlags.SERVER)
            .orElseThrow(
                () ->
                    new UsageException(
                        "--server is required: the URL of a K3s server, https://host:6443"));
    try {
      URI url = new URI(text);
      if (!"https".equals(url.getScheme()) || url.getHost() == null) {
        throw new UsageException("--server must be https://host:port, not " + text);
      }
      int port = url.getPort() == -1 ? HTTPS_PORT : url.getPort();
      return new URI("https", null, url.getHost(), port, null, null, null);
    } catch (URISyntaxException e) {
      throw new UsageException("--server must be https://host:port, not " + text, e);
    }
  }

  private static List<String> addresses(Flag flag, FlagValues flags) {
    List<String> addresses = flags.commaList(flag);
    for (String address : addresses) {
      if (!IpAddresses.isLiteral(address)) {
        throw new UsageException("--" + flag.name() + " needs IP addresses, not " + address);
      }
    }
    return addresses;
  }

  private static Path expandHome(String text) {
    String home = System.getProperty("user.home", "/root");
    String expanded = text.replace("${HOME}", home).replace("$HOME", home);
    return Path.of(expanded.startsWith("~") ? home + expanded.substring(1) : expanded);
  }

  /** Kubernetes' three effects. Source: core/v1 TaintEffect. */
  private static final Set<String> EFFECTS = Set.of("NoSchedule", "PreferNoSchedule", "NoExecute");

  /**
   * A taint that the node registers with.
   *
   * @param value may be empty
   * @param effect NoSchedule, PreferNoSchedule or NoExecute
   */
  public record NodeTaint(String key, String value, String effect) {
    /** Reads {@code key=value:Effect}, {@code key=:Effect} or {@code key:Effect}. */
    static NodeTaint parse(String text) {
      int colon = text.lastIndexOf(':');
      String effect = text.substring(colon + 1);
      if (colon <= 0 || !EFFECTS.contains(effect)) {
        throw new UsageException(
            "--node-taint must be key=value:Effect with NoSchedule, PreferNoSchedule or NoExecute,"
                + " not "
                + text);
      }
      String pair = text.substring(0, colon);
      int equals = pair.indexOf('=');
      return equals < 0
          ? new NodeTaint(pair, "", effect)
          : new NodeTaint(pair.substring(0, equals), pair.substring(equals + 1), effect);
    }
  }
}
