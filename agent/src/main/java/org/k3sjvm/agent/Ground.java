package org.k3sjvm.agent;

import java.nio.file.Path;
import org.k3sjvm.flannel.FlannelHost;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.linux.cgroup.Cgroups;
import org.k3sjvm.linux.host.HostSettings;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.networkpolicy.PolicyHost;
import org.k3sjvm.serviceproxy.ProxyHost;

/** What a node stands on: this host, or in a rehearsal something that keeps nothing. */
public interface Ground {
  /**
   * Checks that an agent can run here.
   *
   * @throws AgentException when it cannot
   */
  void verify(KubeletSettings settings);

  /** Brings the host's own settings to what pods and services need. */
  void prepare(HostSettings settings) throws InterruptedException;

  /** Where the node's password and id live. */
  Path nodeFiles();

  /** Where the runtime writes the logs of pods, in {@code pods} and {@code containers}. */
  Path logs();

  /** Where CNI plugins read which addresses the node's pods may have. */
  Path subnetFile();

  /** Where this node's key of WireGuard is, until the host boots. */
  Path wireguardKeyFile();

  Mounts mounts();

  Cgroups cgroups();

  /** Whoever opens it closes it; so with the next two. */
  FlannelHost flannel();

  PolicyHost policies();

  ProxyHost services();
}
