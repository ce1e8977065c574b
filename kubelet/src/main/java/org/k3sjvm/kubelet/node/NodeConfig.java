package org.k3sjvm.kubelet.node;

import io.fabric8.kubernetes.api.model.Taint;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.settings.Reservations;

/**
 * What a node says about itself.
 *
 * @param name as in the client certificate
 * @param addresses the node's own, the primary family first; at most one per family
 * @param externalCloud a cloud controller sets addresses and removes the first taint
 * @param labels set when the node is made; checked as the server's NodeRestriction checks them
 * @param taints set when the node is made
 * @param providerId set when the node is made; empty for none
 * @param version of the kubelet, such as {@code v1.36.3+k3s1}; servers read it as a number
 * @param port of the kubelet's HTTPS API
 * @param pods how many pods the node takes
 * @param root the kubelet's directory: its file system is the node's ephemeral storage
 * @param reservations what pods do not get
 * @param maxImages images that the status lists; empty for all
 */
public record NodeConfig(
    String name,
    List<InetAddress> addresses,
    boolean externalCloud,
    Map<String, String> labels,
    List<Taint> taints,
    String providerId,
    String version,
    int port,
    KubeletSettings.PodRules pods,
    Path root,
    Reservations reservations,
    OptionalInt maxImages,
    Periods periods) {

  public NodeConfig {
    addresses = List.copyOf(addresses);
    labels = Map.copyOf(labels);
    taints = List.copyOf(taints);
    NodeLabels.check(labels.keySet());
    if (name.isEmpty() || !version.matches("v\\d+\\.\\d+\\.\\d+.*")) {
      throw new IllegalArgumentException("not a node: '" + name + "' at '" + version + "'");
    }
  }

  /**
   * How often.
   *
   * @param compute the status is computed, and sent when something changed
   * @param report the status is sent even when nothing changed
   * @param fastStart as {@code compute}, until the node is ready for the first time
   * @param lease how long the server believes in the node without a sign
   */
  public record Periods(Duration compute, Duration report, Duration fastStart, Duration lease) {
    /** Source: kubelet v1.36 defaults of nodeStatusUpdateFrequency and its neighbours. */
    public static final Periods DEFAULT =
        new Periods(
            Duration.ofSeconds(10),
            Duration.ofMinutes(5),
            Duration.ofMillis(100),
            Duration.ofSeconds(40));
  }
}
