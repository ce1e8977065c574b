package org.k3sjvm.agent.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.k3sjvm.flannel.files.NetConf;
import org.k3sjvm.kubelet.settings.KubeletSettings;

/**
 * What the user says of the node's parts beside the agent's own flags, in arguments and files that
 * are theirs.
 *
 * @param network what the file of {@code --flannel-conf} says; empty without one
 */
public record PartOptions(KubeletSettings kubelet, Optional<NetConf.Given> network) {
  /**
   * Reads all of it; what needs the cluster's answer is read once more after the node joined.
   *
   * @param processors of this host
   * @throws UsageException names everything that is bad, in one message, and what to write
   */
  public static PartOptions read(AgentConfig config, int processors) {
    Problems problems = new Problems();
    Optional<KubeletSettings> kubelet =
        problems.collect(
            Optional.empty(),
            () ->
                Optional.of(
                    KubeletOptions.read(config.kubeletArgs(), config.agentDir(), config.taints())));
    var _ =
        problems.collect(
            Optional.<ProxyOptions.Settings>empty(),
            () -> Optional.of(ProxyOptions.read(config.kubeProxyArgs(), "127.0.0.1", processors)));
    Optional<NetConf.Given> network =
        problems.collect(Optional.empty(), () -> config.flannelConf().map(PartOptions::network));
    problems.throwAny();
    return new PartOptions(kubelet.orElseThrow(), network);
  }

  private static NetConf.Given network(Path file) {
    try {
      return NetConf.read(Files.readString(file));
    } catch (IOException e) {
      throw new UsageException(
          "--flannel-conf=" + file + " cannot be read: " + Problems.reason(e), e);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--flannel-conf=" + file + ": " + e.getMessage(), e);
    }
  }
}
