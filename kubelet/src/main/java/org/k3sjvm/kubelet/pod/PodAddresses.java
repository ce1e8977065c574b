package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.HostIP;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.IpAddresses;

/**
 * The addresses in a pod's status: at most one of each family, the node's primary family first.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, sortPodIPs and generateAPIPodStatus.
 */
public final class PodAddresses {
  private PodAddresses() {}

  static void set(PodView view, PodStatus status) {
    List<String> hostIps = view.hostIps();
    status.setHostIP(hostIps.getFirst());
    status.setHostIPs(hostIps.stream().map(HostIP::new).toList());
    List<String> told = view.last().getPodIPs().stream().map(PodIP::getIp).toList();
    List<String> own =
        view.desired().hostNetwork() ? withSecond(told, hostIps) : ofSandbox(view, told);
    if (!own.isEmpty()) {
      status.setPodIP(own.getFirst());
      status.setPodIPs(own.stream().map(PodIP::new).toList());
    }
  }

  /** The first address of each family in canonical text, the family of the node's first first. */
  public static List<String> ordered(List<String> addresses, List<String> hostIps) {
    boolean four = hostIps.isEmpty() || isFour(hostIps.getFirst());
    List<String> all = new ArrayList<>();
    first(addresses, four).ifPresent(all::add);
    first(addresses, !four).ifPresent(all::add);
    return all;
  }

  private static List<String> ofSandbox(PodView view, List<String> told) {
    return view.observed().sandboxes().stream()
        .map(s -> ordered(s.ips(), view.hostIps()))
        .filter(ips -> !ips.isEmpty())
        .findFirst()
        .orElse(told);
  }

  /** Once told, the first stays, even if the node's changes. */
  private static List<String> withSecond(List<String> told, List<String> hostIps) {
    if (told.isEmpty()) {
      return hostIps;
    }
    List<String> all = new ArrayList<>(told);
    if (told.size() == 1
        && hostIps.size() == 2
        && isFour(told.getFirst()) != isFour(hostIps.get(1))) {
      all.add(hostIps.get(1));
    }
    return all;
  }

  private static Optional<String> first(List<String> addresses, boolean four) {
    return addresses.stream()
        .filter(IpAddresses::isLiteral)
        .filter(a -> isFour(a) == four)
        .findFirst()
        .map(a -> IpAddresses.text(InetAddress.ofLiteral(a)));
  }

  private static boolean isFour(String address) {
    return InetAddress.ofLiteral(address) instanceof Inet4Address;
  }
}
