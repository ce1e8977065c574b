package org.k3sjvm.agent;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.k3sjvm.agent.config.ProxyOptions;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.serviceproxy.ProxyHost;
import org.k3sjvm.serviceproxy.ServiceProxy;
import org.k3sjvm.serviceproxy.ServiceProxyConfig;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.rules.RuleSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the service proxy of this node, unless the server says that another one serves. */
final class NodeServices {
  private static final Logger log = LoggerFactory.getLogger(NodeServices.class);

  private NodeServices() {}

  static void start(
      JoinedNode node,
      ProxyOptions.Settings options,
      KubeApi api,
      ProxyHost host,
      Path agentDir,
      ServiceGroup parts) {
    if (node.settings().disableKubeProxy()) {
      log.atInfo().log("no service proxy: the server was told to disable it");
      return;
    }
    parts.start("service-proxy", new ServiceProxy(config(node, options, agentDir), host, api));
  }

  private static ServiceProxyConfig config(
      JoinedNode node, ProxyOptions.Settings options, Path agentDir) {
    List<InetAddress> nodeIps = node.addresses().internal();
    Set<Family> families =
        Stream.concat(
                node.settings().serviceCidrs().stream().map(Family::of),
                nodeIps.stream().limit(1).map(Family::of))
            .collect(Collectors.toSet());
    List<Cidr> nodePorts =
        options.nodePortsOfNodeIps()
            ? nodeIps.stream().map(ip -> new Cidr(ip, ip.getAddress().length * 8)).toList()
            : options.nodePortNetworks();
    return new ServiceProxyConfig(
        node.name(),
        nodeIps,
        families,
        new RuleSettings(
            options.podNetworks().isEmpty()
                ? node.settings().clusterCidrs()
                : options.podNetworks(),
            node.settings().serviceCidrs(),
            options.masqueradeAll(),
            options.masqueradeBit(),
            nodePorts,
            options.loopbackNodePorts()),
        options.healthz(),
        options.metrics(),
        options.minSync(),
        options.look(),
        Optional.of(agentDir.resolve("services.json")));
  }
}
