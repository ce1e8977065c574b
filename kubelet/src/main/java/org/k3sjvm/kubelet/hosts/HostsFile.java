package org.k3sjvm.kubelet.hosts;

import io.fabric8.kubernetes.api.model.HostAlias;
import java.util.List;

/** The text of a pod's {@code /etc/hosts}. Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go. */
public final class HostsFile {
  private static final String FIXED =
      """
      # Kubernetes-managed hosts file.
      127.0.0.1\tlocalhost
      ::1\tlocalhost ip6-localhost ip6-loopback
      fe00::0\tip6-localnet
      fe00::0\tip6-mcastprefix
      fe00::1\tip6-allnodes
      fe00::2\tip6-allrouters
      """;

  private HostsFile() {}

  /** Of a pod with a network of its own. */
  public static String of(List<String> podIps, HostNames names, List<HostAlias> aliases) {
    StringBuilder text = new StringBuilder(FIXED);
    for (String ip : podIps) {
      text.append(ip).append('\t');
      if (!names.domain().isEmpty()) {
        text.append(names.host()).append('.').append(names.domain()).append('\t');
      }
      text.append(names.host()).append('\n');
    }
    return text.append(entries(aliases)).toString();
  }

  /** Of a pod on the host's network. */
  public static String ofHost(String hostFile, List<HostAlias> aliases) {
    return "# Kubernetes-managed hosts file (host network).\n" + hostFile + entries(aliases);
  }

  private static String entries(List<HostAlias> aliases) {
    if (aliases.isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder("\n# Entries added by HostAliases.\n");
    for (HostAlias alias : aliases) {
      text.append(alias.getIp())
          .append('\t')
          .append(String.join("\t", alias.getHostnames()))
          .append('\n');
    }
    return text.toString();
  }
}
