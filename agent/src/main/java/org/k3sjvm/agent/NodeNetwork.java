package org.k3sjvm.agent;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.flannel.FlannelConfig;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.files.NetConf;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.uplink.UplinkWishes;
import org.k3sjvm.join.JoinedNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What flannel of this node is told. */
final class NodeNetwork {
  private static final Logger log = LoggerFactory.getLogger(NodeNetwork.class);

  private static final List<Path> CNI_PLUGINS =
      List.of(Path.of("/usr/lib/cni"), Path.of("/opt/cni/bin"));

  private NodeNetwork() {}

  /**
   * From the command line and the server's settings.
   *
   * @param conf what the file of {@code --flannel-conf} says
   * @param servers addresses of the server; empty while nobody knows them
   * @param ground where its files are
   */
  static FlannelConfig config(
      AgentConfig config,
      JoinedNode node,
      Optional<NetConf.Given> conf,
      List<InetAddress> servers,
      Ground ground) {
    Optional<BackendType> backend = FlannelConfig.backendOf(node.settings().flannelBackend());
    Optional<NetConf.Given> given = conf.filter(_ -> backend.isPresent());
    given.ifPresent(one -> tell(config.flannelConf(), one));
    return new FlannelConfig(
        node.name(),
        given.map(NetConf.Given::backend).or(() -> backend),
        given
            .map(one -> List.copyOf(one.networks().values()))
            .orElse(node.settings().clusterCidrs()),
        given.flatMap(_ -> config.flannelConf()),
        new UplinkWishes(
            config.flannelInterface(),
            Agent.addresses(config.nodeIps()),
            servers,
            List.of(),
            node.addresses().internal()),
        given.map(NetConf.Given::vxlan).orElse(VxlanOptions.DEFAULT),
        given.map(NetConf.Given::wireguard).orElse(WireguardOptions.DEFAULT),
        ground.wireguardKeyFile(),
        announced(node, given.map(NetConf.Given::backend).or(() -> backend)),
        node.settings().flannelIpv6Masquerade(),
        FlannelConfig.CniForm.EXPANDED,
        given.isPresent()
            ? Optional.empty()
            : Optional.of(config.agentDir().resolve("etc/flannel/net-conf.json")),
        ground.subnetFile(),
        NodeRuntime.cniConfigDir(config),
        CNI_PLUGINS);
  }

  private static void tell(Optional<Path> file, NetConf.Given given) {
    log.atInfo()
        .addKeyValue("file", file.map(Path::toString).orElse(""))
        .addKeyValue("backend", given.backend())
        .addKeyValue("networks", given.networks().values())
        .log("flannel follows the administrator's configuration");
  }

  /** Source: k3s v1.36.3 pkg/executor/embed/embed.go, CNI. */
  private static Map<Family, InetAddress> announced(
      JoinedNode node, Optional<BackendType> backend) {
    Map<Family, InetAddress> announced = new EnumMap<>(Family.class);
    if (node.settings().flannelExternalAddress()) {
      node.addresses().external().forEach(ip -> announced.put(Family.of(ip), ip));
      if (announced.isEmpty()) {
        log.atWarn()
            .log(
                "the servers have --flannel-external-ip and this node no --node-external-ip: peers"
                    + " are told its internal address");
      } else if (backend.filter(BackendType.WIREGUARD::equals).isEmpty()) {
        log.atWarn()
            .addKeyValue("addresses", announced.values())
            .log("pods' packets pass between external addresses without encryption");
      }
    }
    return announced;
  }
}
