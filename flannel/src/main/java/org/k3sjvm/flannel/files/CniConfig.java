package org.k3sjvm.flannel.files;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;

/**
 * {@code 10-flannel.conflist}: how the container runtime attaches a pod.
 *
 * <p>Upstream's list names the plugin flannel, which reads subnet.env and then runs the plugin
 * bridge. The expanded list names bridge itself, with what flannel would have told it: the same
 * devices, addresses and reservations with one program less to start for each pod.
 */
public final class CniConfig {
  public static final String FILE_NAME = "10-flannel.conflist";
  public static final String MODE = "rw-r--r--";

  private static final List<String> REQUIRED = List.of("bridge", "host-local", "loopback");
  private static final List<String> OPTIONAL = List.of("portmap", "bandwidth");

  private CniConfig() {}

  /** Plugins without which no pod gets a network, and which are in none of the directories. */
  public static List<String> missingPlugins(List<Path> binDirs) {
    return REQUIRED.stream().filter(plugin -> !isInstalled(plugin, binDirs)).toList();
  }

  /** The expanded list, with those optional plugins that are installed. */
  public static String expanded(PodNetwork pods, List<Path> binDirs) {
    String ranges =
        pods.subnets().values().stream()
            .map(subnet -> "[{\"subnet\":\"" + text(subnet) + "\"}]")
            .collect(Collectors.joining(","));
    String routes =
        pods.networks().values().stream()
            .map(network -> "{\"dst\":\"" + text(network) + "\"}")
            .collect(Collectors.joining(","));
    return list(
        "{\"type\":\"bridge\",\"bridge\":\"cni0\",\"isGateway\":true,\"isDefaultGateway\":true,"
            + "\"forceAddress\":true,\"hairpinMode\":true,\"ipMasq\":false,\"mtu\":"
            + pods.mtuBytes()
            + ",\n  \"ipam\":{\"type\":\"host-local\",\"ranges\":["
            + ranges
            + "],\"routes\":["
            + routes
            + "]}}",
        binDirs);
  }

  /**
   * Upstream's list. Source: k3s v1.36.3 pkg/agent/flannel/setup_linux.go, cniConf.
   *
   * @param subnetFile as the plugin reads it
   */
  public static String delegated(Path subnetFile, List<Path> binDirs) {
    String where =
        subnetFile.equals(Path.of("/run/flannel/subnet.env"))
            ? ""
            : "\"subnetFile\":\"" + subnetFile + "\",";
    return list(
        "{\"type\":\"flannel\","
            + where
            + "\"delegate\":{\"hairpinMode\":true,\"forceAddress\":true,"
            + "\"isDefaultGateway\":true}}",
        binDirs);
  }

  /** Addresses as RFC 5952 writes them, which plugins use for file names. */
  static String text(Cidr network) {
    return IpAddresses.text(network.address()) + "/" + network.prefixLength();
  }

  private static String list(String first, List<Path> binDirs) {
    List<String> plugins = new ArrayList<>(List.of(first));
    for (String optional : OPTIONAL) {
      if (isInstalled(optional, binDirs)) {
        String capability = optional.equals("portmap") ? "portMappings" : "bandwidth";
        plugins.add(
            "{\"type\":\"" + optional + "\",\"capabilities\":{\"" + capability + "\":true}}");
      }
    }
    return "{\"name\":\"cbr0\",\"cniVersion\":\"1.0.0\",\"plugins\":[\n "
        + String.join(",\n ", plugins)
        + "]}\n";
  }

  private static boolean isInstalled(String plugin, List<Path> binDirs) {
    return binDirs.stream().anyMatch(dir -> Files.isExecutable(dir.resolve(plugin)));
  }
}
