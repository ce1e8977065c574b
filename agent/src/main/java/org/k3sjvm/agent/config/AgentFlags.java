package org.k3sjvm.agent.config;

import static org.k3sjvm.agent.config.Flag.Type.BOOL;
import static org.k3sjvm.agent.config.Flag.Type.INT;
import static org.k3sjvm.agent.config.Flag.Type.LIST;
import static org.k3sjvm.agent.config.Flag.Type.STRING;

import java.util.List;

/** The flags of {@code k3s agent}. Source: k3s v1.36 {@code k3s agent --help}. */
public final class AgentFlags {
  public static final Flag CONFIG =
      Flag.of(
              STRING,
              "config",
              "Load configuration from FILE (default: /etc/rancher/k3s/config.yaml)")
          .alias("c")
          .env("K3S_CONFIG_FILE");
  public static final Flag DEBUG = Flag.of(BOOL, "debug", "Turn on debug logs").env("K3S_DEBUG");
  static final Flag V = Flag.of(INT, "v", "Verbosity: 4 and above are the same as --debug");
  static final Flag VMODULE =
      Flag.of(STRING, "vmodule", "Taken for the sake of existing configurations, without effect");
  static final Flag LOG =
      Flag.of(STRING, "log", "File that the log is written to in place of standard error")
          .alias("l");
  static final Flag ALSO_LOG_TO_STDERR =
      Flag.of(BOOL, "alsologtostderr", "With --log, write to standard error as well");
  public static final Flag SERVER =
      Flag.of(STRING, "server", "Server to join, https://host:port").alias("s").env("K3S_URL");
  public static final Flag TOKEN =
      Flag.of(STRING, "token", "Token to authenticate with").alias("t").env("K3S_TOKEN");
  public static final Flag TOKEN_FILE =
      Flag.of(STRING, "token-file", "File that holds the token").env("K3S_TOKEN_FILE");
  public static final Flag DATA_DIR =
      Flag.of(STRING, "data-dir", "Folder for state (default: /var/lib/rancher/k3s)")
          .alias("d")
          .env("K3S_DATA_DIR");
  public static final Flag NODE_NAME =
      Flag.of(STRING, "node-name", "Node name (default: host name)").env("K3S_NODE_NAME");
  static final Flag WITH_NODE_ID = Flag.of(BOOL, "with-node-id", "Append an id to the node name");
  static final Flag NODE_LABEL =
      Flag.of(LIST, "node-label", "Label of the node, key=value; repeat for more");
  static final Flag NODE_TAINT =
      Flag.of(
          LIST,
          "node-taint",
          "Taint of the node, key=value:Effect, set when it registers; repeat for more");
  public static final Flag NODE_IP =
      Flag.of(LIST, "node-ip", "Address to advertise for the node").alias("i");
  static final Flag NODE_EXTERNAL_IP =
      Flag.of(LIST, "node-external-ip", "External address to advertise for the node");
  static final Flag NODE_INTERNAL_DNS =
      Flag.of(LIST, "node-internal-dns", "Internal DNS name to advertise");
  static final Flag NODE_EXTERNAL_DNS =
      Flag.of(LIST, "node-external-dns", "External DNS name to advertise");
  public static final Flag BIND_ADDRESS =
      Flag.of(STRING, "bind-address", "Address that the kubelet listens on (default: 0.0.0.0)");
  static final Flag CONTAINER_RUNTIME_ENDPOINT =
      Flag.of(
          STRING,
          "container-runtime-endpoint",
          "CRI socket to use in place of a containerd of our own");
  static final Flag IMAGE_SERVICE_ENDPOINT =
      Flag.of(STRING, "image-service-endpoint", "CRI socket to use for images, if another");
  static final Flag DEFAULT_RUNTIME =
      Flag.of(
          STRING,
          "default-runtime",
          "Runtime of pods without a RuntimeClass, one that is found on the host (default: runc)");
  static final Flag SELINUX =
      Flag.of(BOOL, "selinux", "Give containers SELinux labels").env("K3S_SELINUX");
  static final Flag NONROOT_DEVICES =
      Flag.of(BOOL, "nonroot-devices", "Let users of containers own the devices they are given");
  static final Flag AIRGAP_EXTRA_REGISTRY =
      Flag.of(
          LIST,
          "airgap-extra-registry",
          "Registry whose names imported images get, too; repeat for more");
  static final Flag PROTECT_KERNEL_DEFAULTS =
      Flag.of(
          BOOL,
          "protect-kernel-defaults",
          "Never change what the kubelet wants of the kernel; refuse to start where it differs");
  static final Flag PAUSE_IMAGE =
      Flag.of(
          STRING,
          "pause-image",
          "Image of the pod sandbox (default: rancher/mirrored-pause:3.10.2)");
  static final Flag SNAPSHOTTER =
      Flag.of(STRING, "snapshotter", "Snapshotter of containerd (default: overlayfs)");
  static final Flag PRIVATE_REGISTRY =
      Flag.of(
          STRING,
          "private-registry",
          "Registry configuration (default: /etc/rancher/k3s/registries.yaml)");
  static final Flag DISABLE_DEFAULT_REGISTRY_ENDPOINT =
      Flag.of(
          BOOL,
          "disable-default-registry-endpoint",
          "Never fall back to a registry's own endpoint when mirrors are set");
  static final Flag IMAGE_CREDENTIAL_PROVIDER_BIN_DIR =
      Flag.of(
          STRING,
          "image-credential-provider-bin-dir",
          "Directory of the programs that know registry logins"
              + " (default: /var/lib/rancher/credentialprovider/bin)");
  static final Flag IMAGE_CREDENTIAL_PROVIDER_CONFIG =
      Flag.of(
          STRING,
          "image-credential-provider-config",
          "File or directory that lists them"
              + " (default: /var/lib/rancher/credentialprovider/config.yaml)");
  static final Flag LB_SERVER_PORT =
      Flag.of(
              INT,
              "lb-server-port",
              "Local port of the client-side load balancer, 0 for any (default: 6444)")
          .env("K3S_LB_SERVER_PORT");
  static final Flag DISABLE_APISERVER_LB =
      Flag.of(
          BOOL,
          "disable-apiserver-lb",
          "Connect to --server itself, without the client-side load balancer");
  static final Flag PREFER_BUNDLED_BIN =
      Flag.of(
          BOOL,
          "prefer-bundled-bin",
          "Taken for the sake of existing configurations, without effect: nothing is bundled");
  static final Flag RESOLV_CONF =
      Flag.of(STRING, "resolv-conf", "resolv.conf that pods inherit").env("K3S_RESOLV_CONF");
  static final Flag FLANNEL_IFACE =
      Flag.of(STRING, "flannel-iface", "Interface that carries the overlay network");
  static final Flag FLANNEL_CONF =
      Flag.of(STRING, "flannel-conf", "flannel's configuration, in place of the server's settings");
  static final Flag DISABLE_OVERLAY_PROBE =
      Flag.of(
          BOOL,
          "disable-overlay-probe",
          "Never ask other nodes through the overlay network whether they are reached");
  public static final Flag COLD_START_MAX_AGE =
      Flag.of(
          STRING,
          "cold-start-max-age",
          "Start pods while no server answers, with what one said at most so long ago; 0: never"
              + " (default: 168h)");
  static final Flag ALLOW_NEW_CLUSTER =
      Flag.of(
              BOOL,
              "allow-new-cluster",
              "Join the cluster that answers although this node belongs to another one; its former"
                  + " certificates are kept aside")
          .env("K3S_ALLOW_NEW_CLUSTER");
  static final Flag STATUS_PAGE_PORT =
      Flag.of(
          INT,
          "status-page-port",
          "Port of 127.0.0.1 with a page that shows what 'k3s status' shows; 0: none (default: 0)");
  static final Flag KUBELET_ARG =
      Flag.of(LIST, "kubelet-arg", "Argument of the kubelet, name=value; repeat for more");
  static final Flag KUBE_PROXY_ARG =
      Flag.of(LIST, "kube-proxy-arg", "Argument of the service proxy, name=value; repeat for more");
  public static final Flag HELP = Flag.of(BOOL, "help", "Show help").alias("h");

  /** In the order of the help text. */
  public static final List<Flag> ALL =
      List.of(
          CONFIG,
          DEBUG,
          V,
          VMODULE,
          LOG,
          ALSO_LOG_TO_STDERR,
          SERVER,
          TOKEN,
          TOKEN_FILE,
          DATA_DIR,
          NODE_NAME,
          WITH_NODE_ID,
          NODE_LABEL,
          NODE_TAINT,
          NODE_IP,
          NODE_EXTERNAL_IP,
          NODE_INTERNAL_DNS,
          NODE_EXTERNAL_DNS,
          BIND_ADDRESS,
          CONTAINER_RUNTIME_ENDPOINT,
          IMAGE_SERVICE_ENDPOINT,
          DEFAULT_RUNTIME,
          SELINUX,
          NONROOT_DEVICES,
          AIRGAP_EXTRA_REGISTRY,
          PROTECT_KERNEL_DEFAULTS,
          PAUSE_IMAGE,
          SNAPSHOTTER,
          PRIVATE_REGISTRY,
          DISABLE_DEFAULT_REGISTRY_ENDPOINT,
          IMAGE_CREDENTIAL_PROVIDER_BIN_DIR,
          IMAGE_CREDENTIAL_PROVIDER_CONFIG,
          LB_SERVER_PORT,
          DISABLE_APISERVER_LB,
          PREFER_BUNDLED_BIN,
          RESOLV_CONF,
          FLANNEL_IFACE,
          FLANNEL_CONF,
          DISABLE_OVERLAY_PROBE,
          COLD_START_MAX_AGE,
          ALLOW_NEW_CLUSTER,
          STATUS_PAGE_PORT,
          KUBELET_ARG,
          KUBE_PROXY_ARG,
          HELP);

  private AgentFlags() {}
}
