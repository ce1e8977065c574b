package org.k3sjvm.integration.scenario;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.K3s;
import org.k3sjvm.integration.lab.LabException;

/** Whose control plane a cluster has. */
enum ServerKind {
  EMBEDDED {
    @Override
    List<String> command(Host host, Path kubeconfig) {
      return List.of(
          K3s.ours().toString(),
          "server",
          "--disable-agent",
          "--node-ip",
          host.address(),
          "--token",
          Cluster.TOKEN,
          "--write-kubeconfig",
          kubeconfig.toString());
    }
  },

  /** Nodes' certificates end 15 seconds after they were issued. */
  EMBEDDED_WITH_BRIEF_CERTIFICATES {
    @Override
    List<String> command(Host host, Path kubeconfig) {
      List<String> command =
          new ArrayList<>(List.of("env", "CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS=15s"));
      command.addAll(EMBEDDED.command(host, kubeconfig));
      return command;
    }
  },

  /** The one that {@code K3S_BIN} names; it wants the CNI plugins on its PATH. */
  UPSTREAM {
    @Override
    List<String> command(Host host, Path kubeconfig) {
      return upstream(
          kubeconfig, "--disable", "traefik,coredns,metrics-server,local-storage,servicelb");
    }
  },

  /**
   * The same with the components that it brings. Traefik's is a job that installs a chart, whose
   * image is not to be had. The server has no agent, so it reaches pods through the nodes' tunnels.
   */
  UPSTREAM_WITH_COMPONENTS {
    @Override
    List<String> command(Host host, Path kubeconfig) {
      return upstream(kubeconfig, "--disable", "traefik", "--egress-selector-mode", "cluster");
    }
  },

  /** The same as {@link #UPSTREAM}, with an API that is off unless asked for. */
  UPSTREAM_WITH_TRUST_BUNDLES {
    @Override
    List<String> command(Host host, Path kubeconfig) {
      return upstream(
          kubeconfig,
          "--disable",
          "traefik,coredns,metrics-server,local-storage,servicelb",
          "--kube-apiserver-arg=feature-gates=ClusterTrustBundle=true,"
              + "ClusterTrustBundleProjection=true",
          "--kube-apiserver-arg=runtime-config=certificates.k8s.io/v1beta1=true");
    }
  };

  /** Runs the rest of the command with the CNI plugins of Debian on the PATH. */
  static final List<String> WITH_PLUGINS =
      List.of("env", "PATH=/usr/lib/cni:" + System.getenv("PATH"));

  /** Starts a server without an agent on a host. */
  abstract List<String> command(Host host, Path kubeconfig);

  private static List<String> upstream(Path kubeconfig, String... further) {
    Path program = K3s.upstream().orElseThrow(() -> new LabException("K3S_BIN names no program"));
    List<String> command = new ArrayList<>(WITH_PLUGINS);
    command.addAll(
        List.of(
            program.toString(),
            "server",
            "--disable-agent",
            "--token",
            Cluster.TOKEN,
            "--write-kubeconfig",
            kubeconfig.toString()));
    command.addAll(List.of(further));
    return List.copyOf(command);
  }
}
