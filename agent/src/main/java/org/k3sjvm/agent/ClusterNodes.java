package org.k3sjvm.agent;

import io.fabric8.kubernetes.api.model.Node;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.join.AgentFiles;
import org.k3sjvm.kube.HttpKubeApi;
import org.k3sjvm.kube.KubeClientConfig;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.Kubeconfig;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;

/**
 * What a command that runs beside the agent learns of the cluster, with the files that the agent
 * left and through its load balancer.
 *
 * @param nodes empty when the API does not answer
 * @param ownName as the agent joined; empty when it never did
 * @param trouble why the nodes are missing
 */
public record ClusterNodes(List<Node> nodes, Optional<String> ownName, Optional<String> trouble) {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Pattern NODE_USER = Pattern.compile("(?:^|,)CN=system:node:([^,]+)");

  public ClusterNodes {
    nodes = List.copyOf(nodes);
  }

  /** Reads them; newer servers let a node list nodes as its controller alone. */
  public static ClusterNodes read(Path dataDir) throws InterruptedException {
    AgentFiles files = new AgentFiles(dataDir.resolve("agent"));
    Optional<String> own = ownName(files.kubeletKubeconfig());
    Optional<String> trouble = Optional.of("there is no kubeconfig in " + files.directory());
    for (Path file : List.of(files.controllerKubeconfig(), files.kubeletKubeconfig())) {
      if (!Files.exists(file)) {
        continue;
      }
      KubeClientConfig usual = KubeClientConfig.of("check-network/" + Version.current().version());
      KubeClientConfig brief =
          new KubeClientConfig(
              usual.userAgent(), LIMIT, LIMIT, usual.objectBytes(), usual.listBytes());
      try (HttpKubeApi api = new HttpKubeApi(Kubeconfig.read(file), brief)) {
        return new ClusterNodes(
            api.list(Resources.NODES, ListRequest.newest(Selection.ALL)).items(),
            own,
            Optional.empty());
      } catch (KubeException | IllegalArgumentException e) {
        trouble = Optional.of(String.valueOf(e.getMessage()));
      }
    }
    return new ClusterNodes(List.of(), own, trouble);
  }

  private static Optional<String> ownName(Path kubeconfig) {
    if (!Files.exists(kubeconfig)) {
      return Optional.empty();
    }
    try {
      return Kubeconfig.read(kubeconfig).identity().flatMap(ClusterNodes::nodeOf);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> nodeOf(TlsIdentity identity) {
    Matcher subject =
        NODE_USER.matcher(identity.chain().getFirst().getSubjectX500Principal().getName());
    return subject.find() ? Optional.of(subject.group(1)) : Optional.empty();
  }
}
