package org.k3sjvm.cli;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.testing.FakeCriServer;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.HttpKubeApi;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeClientConfig;
import org.k3sjvm.kube.KubeCredentials;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.networkpolicy.model.PolicyJson;
import org.k3sjvm.server.Server;
import org.k3sjvm.server.ServerConfig;
import org.k3sjvm.server.pki.ServerFiles;

/**
 * What {@link WarmUp} joins: a server, a container runtime, and a user who runs a pod and reads its
 * log. Tells its port and token on standard output, then {@link #DONE}; ends when it is destroyed.
 */
final class WarmUpCluster {
  static final String NODE = "warm-up";
  static final String DONE = "done";

  /** What the parts of an agent's network look at: another node, a service, a policy. */
  private static final String PEER =
      """
      {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "peer", "annotations": {
        "flannel.alpha.coreos.com/backend-data": "{\\"VNI\\":1,\\"VtepMAC\\":\\"02:00:00:00:00:09\\"}",
        "flannel.alpha.coreos.com/backend-type": "vxlan",
        "flannel.alpha.coreos.com/kube-subnet-manager": "true",
        "flannel.alpha.coreos.com/public-ip": "192.0.2.9"}},
       "spec": {"podCIDR": "10.42.200.0/24", "podCIDRs": ["10.42.200.0/24"]}}
      """;

  private static final String SERVICE =
      """
      {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "warm-up", "namespace": "default"},
       "spec": {"selector": {"app": "warm-up"}, "ports": [{"port": 80}]}}
      """;

  private static final String POLICY =
      """
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
       "metadata": {"name": "warm-up", "namespace": "default"},
       "spec": {"podSelector": {"matchLabels": {"app": "warm-up"}}, "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": {}}, {"namespaceSelector": {}}], "ports": [{"port": 80}]}],
        "egress": [{"to": [{"ipBlock": {"cidr": "198.51.100.0/24", "except": ["198.51.100.7/32"]}}]}]}}
      """;

  private static final ObjectName POD = new ObjectName("default", "warm-up");
  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

  private WarmUpCluster() {}

  public static void main(String[] arguments) throws Exception {
    run(Path.of(arguments[0]));
  }

  static Path socket(Path directory) {
    return directory.resolve("cri.sock");
  }

  private static void run(Path directory) throws IOException, InterruptedException {
    ServerConfig config = config(directory, WarmUp.freePort());
    try (FakeCriServer _ = FakeCriServer.listen(socket(directory));
        Server server = Server.open(config, InstantSource.system());
        ServiceGroup group = ServiceGroup.open("cluster")) {
      group.start("server", server);
      System.out.println("port=" + config.listen().port());
      System.out.println("token=" + server.agentToken().reveal());
      ServerFiles files = new ServerFiles(config.dataDirectory().resolve("server"));
      group.start(
          "user",
          () -> {
            try (HttpKubeApi api = administrator(config, files)) {
              use(api);
            }
            System.out.println(DONE);
          });
      group.await();
    }
  }

  private static ServerConfig config(Path directory, int port) {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    ServerConfig defaults = ServerConfig.defaults(directory.resolve("server"), NODE, loopback);
    return new ServerConfig(
        defaults.dataDirectory(),
        new HostPort("127.0.0.1", port),
        loopback,
        defaults.clusterCidr(),
        defaults.serviceCidr(),
        defaults.clusterDns(),
        defaults.clusterDomain(),
        defaults.flannelBackend(),
        NODE,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        directory.resolve("kubeconfig"));
  }

  private static HttpKubeApi administrator(ServerConfig config, ServerFiles files)
      throws IOException {
    return new HttpKubeApi(
        new KubeCredentials(
            URI.create("https://127.0.0.1:" + config.listen().port()),
            Certificates.parse(java.nio.file.Files.readString(files.certificate("server-ca"))),
            Optional.of(
                TlsIdentity.load(files.certificate("client-admin"), files.key("client-admin"))),
            Optional.empty()),
        KubeClientConfig.of("warm-up"));
  }

  private static void use(KubeApi api) throws InterruptedException {
    api.create(Resources.NODES, KubeJson.read(PEER, Node.class));
    create(api);
    while (api.find(Resources.PODS, POD).filter(WarmUpCluster::isReady).isEmpty()) {
      Sleeper.SYSTEM.sleep(LOOK_AGAIN);
    }
    String log = api.getText("/api/v1/namespaces/default/pods/warm-up/log");
    if (!log.contains("started")) {
      throw new IllegalStateException("not the log of the pod: '" + log + "'");
    }
    api.delete(Resources.PODS, POD, new DeleteRequest(Optional.of(1L), Optional.empty()));
    while (api.find(Resources.PODS, POD).isPresent()) {
      Sleeper.SYSTEM.sleep(LOOK_AGAIN);
    }
  }

  /** Refused until the controllers have made the namespace's service account. */
  private static void create(KubeApi api) throws InterruptedException {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace(POD.namespace())
            .withName(POD.name())
            .addToLabels("app", "warm-up")
            .endMetadata()
            .withNewSpec()
            .withNodeName(NODE)
            .addNewContainer()
            .withName("main")
            .withImage("registry.example/main:1")
            .addNewEnv()
            .withName("WHERE")
            .withNewValueFrom()
            .withNewFieldRef()
            .withFieldPath("status.podIP")
            .endFieldRef()
            .endValueFrom()
            .endEnv()
            .addNewVolumeMount()
            .withName("scratch")
            .withMountPath("/scratch")
            .endVolumeMount()
            .endContainer()
            .addNewVolume()
            .withName("scratch")
            .withNewEmptyDir()
            .endEmptyDir()
            .endVolume()
            .endSpec()
            .build();
    while (true) {
      try {
        api.create(Resources.PODS, pod);
        api.create(Resources.SERVICES, KubeJson.read(SERVICE, Service.class));
        api.create(PolicyJson.POLICIES, KubeJson.read(POLICY, GenericKubernetesResource.class));
        return;
      } catch (KubeException.Forbidden | KubeException.NotFound e) {
        Sleeper.SYSTEM.sleep(LOOK_AGAIN);
      }
    }
  }

  private static boolean isReady(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }
}
