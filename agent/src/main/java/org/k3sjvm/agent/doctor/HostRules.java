package org.k3sjvm.agent.doctor;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.k3sjvm.agent.doctor.HostFacts.Feature;
import org.k3sjvm.agent.doctor.HostFacts.Presence;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.linux.cgroup.CgroupCheck;

/** What of a host hinders an agent. Each rule is a function of the facts alone. */
final class HostRules {
  /** Outer IPv4 20 + UDP 8 + VXLAN 8 + inner Ethernet 14. */
  private static final int VXLAN_OVERHEAD_BYTES = 50;

  /** Source: RFC 8200, section 5. */
  private static final int IPV6_LEAST_MTU_BYTES = 1280;

  private static final int USUAL_MTU_BYTES = 1500;
  private static final Duration SLOW_SYNC = Duration.ofMillis(100);
  private static final long LEAST_FREE_BYTES = 1L << 30;
  private static final int LEAST_FREE_PERCENT = 5;

  /** Before this nobody built this program: the clock was never set. */
  private static final Instant FIRST_CREDIBLE_TIME = Instant.parse("2024-01-01T00:00:00Z");

  /** Source: k8s.io/apimachinery util/validation, IsDNS1123Subdomain. */
  private static final Pattern NODE_NAME =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");

  private static final int LONGEST_NAME = 253;
  private static final Pattern NFT = Pattern.compile("v(\\d+)\\.(\\d+)\\.(\\d+)");

  /**
   * What the agent would be started with.
   *
   * @param nodeName as given; empty for the host's
   * @param failSwapOn the kubelet setting
   * @param overlaySnapshots whether containerd is to use overlayfs
   * @param ownContainerd whether the agent is to run one
   */
  record Wishes(
      Optional<String> nodeName,
      boolean failSwapOn,
      boolean overlaySnapshots,
      boolean ownContainerd) {}

  private HostRules() {}

  static List<Finding> judge(HostFacts facts, Wishes wishes) {
    List<Finding> found = new ArrayList<>();
    if (!facts.root()) {
      found.add(
          Finding.error(
              "not-root",
              "this is not root",
              "an agent mounts volumes, makes interfaces and starts containers; and much cannot be"
                  + " seen by others",
              "sudo k3s doctor …"));
    }
    clock(facts).ifPresent(found::add);
    cgroups(facts).ifPresent(found::add);
    features(facts, wishes, found);
    filters(facts, found);
    ports(facts, found);
    mtu(facts, found);
    disk(facts, found);
    swap(facts, wishes).ifPresent(found::add);
    names(facts, wishes, found);
    programs(facts, wishes, found);
    return found;
  }

  private static Optional<Finding> clock(HostFacts facts) {
    return facts.now().isBefore(FIRST_CREDIBLE_TIME)
        ? Optional.of(
            Finding.error(
                "clock-unset",
                "the clock was never set",
                "it says " + facts.now() + "; no certificate is valid then",
                "timedatectl set-ntp true, or date -u -s 'YYYY-MM-DD HH:MM'; a board without a"
                    + " battery forgets the time: install fake-hwclock or chrony"))
        : Optional.empty();
  }

  private static Optional<Finding> cgroups(HostFacts facts) {
    HostFacts.Boot boot = facts.boot();
    return switch (CgroupCheck.of(boot.cgroups())) {
      case CgroupCheck.Suffices() -> Optional.empty();
      case CgroupCheck.Warns(var messages) ->
          Optional.of(
              Finding.warning(
                  "cgroup-controllers",
                  "limits of pods are held in part only",
                  String.join("; ", messages),
                  boot.file().repair("systemd.unified_cgroup_hierarchy=1")));
      case CgroupCheck.Lacks(String message) -> {
        boolean memory = !boot.cgroups().controllers().contains("memory");
        boolean mounted = !boot.cgroups().controllers().isEmpty();
        boolean disabled = boot.commandLine().contains("cgroup_disable=memory");
        if (memory && mounted) {
          yield Optional.of(
              Finding.error(
                  "cgroup-memory",
                  "the memory controller of control groups is off",
                  disabled
                      ? "the kernel was started with cgroup_disable=memory, as the firmware of"
                          + " Raspberry Pi boards does"
                      : "the kernel's command line does not switch it on: " + boot.commandLine(),
                  boot.file().repair("cgroup_memory=1 cgroup_enable=memory")));
        }
        yield Optional.of(
            Finding.error(
                "cgroups",
                "control groups do not suffice to run pods",
                message,
                mounted
                    ? "use a kernel with CONFIG_CPUSETS, CONFIG_CGROUP_SCHED and CONFIG_CGROUP_PIDS"
                    : "mount -t cgroup2 none /sys/fs/cgroup"));
      }
    };
  }

  private static void features(HostFacts facts, Wishes wishes, List<Finding> found) {
    for (Feature feature : Feature.values()) {
      if (facts.features().getOrDefault(feature, Presence.UNKNOWN) != Presence.ABSENT) {
        continue;
      }
      String message = "the kernel has no " + feature.module();
      String cause =
          "neither built in nor a module of "
              + facts.boot().kernel()
              + " ("
              + feature.option()
              + ")";
      String packages =
          "apt-get install linux-modules-extra-"
              + facts.boot().kernel()
              + " (Ubuntu), or a kernel with "
              + feature.option();
      String id = "kernel-" + feature.module().replace('_', '-');
      switch (feature) {
        case OVERLAY -> {
          if (wishes.overlaySnapshots() && wishes.ownContainerd()) {
            found.add(
                Finding.error(
                    id, message, cause, packages + "; or start with --snapshotter native"));
          }
        }
        case BR_NETFILTER ->
            found.add(
                Finding.warning(
                    id,
                    message,
                    cause + "; pods of one node may not reach each other through Services",
                    packages));
        case VXLAN ->
            found.add(
                Finding.error(
                    id,
                    message,
                    cause
                        + "; pods of other nodes are not reached, unless servers use"
                        + " --flannel-backend host-gw",
                    packages));
        case VETH, BRIDGE, NF_TABLES, NF_CONNTRACK, NFT_NAT, NFT_MASQ ->
            found.add(Finding.error(id, message, cause, packages));
      }
    }
  }

  private static void filters(HostFacts facts, List<Finding> found) {
    HostFacts.Filters filters = facts.filters();
    if (filters.nft().isEmpty()) {
      found.add(
          Finding.error(
              "nft-missing",
              "there is no nft",
              "Services, masquerade and network policies are nftables rules",
              "apt-get install nftables (or dnf, zypper, apk add)"));
    } else if (isOld(filters.nft().get())) {
      found.add(
          Finding.error(
              "nft-old",
              "nft is too old for the rules of Services",
              "it is " + filters.nft().get() + ", 1.0.1 is needed",
              "upgrade nftables with the distribution"));
    }
    if (filters.legacyRules().orElse(0) > 0) {
      boolean newIptables = filters.iptables().filter(v -> v.contains("nf_tables")).isPresent();
      found.add(
          Finding.warning(
              "iptables-mix",
              "two packet filters have rules here: the old iptables, and nftables",
              filters.legacyRules().getAsInt()
                  + " rules are in the old tables, where "
                  + (newIptables ? "this host's iptables does not show them; " : "")
                  + "they may drop what nftables let pass",
              "look: iptables-legacy-save; move the host to one: update-alternatives --set iptables"
                  + " /usr/sbin/iptables-nft, remove the old rules with iptables-legacy -F and"
                  + " iptables-legacy -t nat -F, and reboot"));
    }
    if (filters.firewalld() || filters.ufw()) {
      found.add(
          Finding.note(
              "firewall",
              (filters.firewalld() ? "firewalld" : "ufw") + " is active",
              "other nodes need UDP port 8472 here, servers and metrics TCP port 10250, and pods"
                  + " must be let through",
              filters.firewalld()
                  ? "firewall-cmd --permanent --add-port=8472/udp --add-port=10250/tcp; firewall-cmd"
                      + " --permanent --zone=trusted --add-source=10.42.0.0/16"
                      + " --add-source=10.43.0.0/16; firewall-cmd --reload"
                  : "ufw allow 8472/udp; ufw allow 10250/tcp; ufw allow from 10.42.0.0/16 to any; ufw"
                      + " allow from 10.43.0.0/16 to any"));
    }
  }

  private static boolean isOld(String version) {
    Matcher matcher = NFT.matcher(version);
    if (!matcher.find()) {
      return false;
    }
    int major = Integer.parseInt(matcher.group(1));
    int minor = Integer.parseInt(matcher.group(2));
    int patch = Integer.parseInt(matcher.group(3));
    return major < 1 || (major == 1 && minor == 0 && patch < 1);
  }

  private static void ports(HostFacts facts, List<Finding> found) {
    if (facts.agentRuns()) {
      return; // they are its own
    }
    facts
        .takenPorts()
        .forEach(
            (port, owner) ->
                found.add(
                    Finding.error(
                        "port-" + port.number(),
                        "%s port %d is taken, which the agent needs for %s"
                            .formatted(port.udp() ? "UDP" : "TCP", port.number(), port.use()),
                        "it is in use by " + owner,
                        (owner.contains("k3s")
                                ? "systemctl disable --now k3s-agent k3s (another k3s runs here)"
                                : "stop that program")
                            + (port.flag().isEmpty() ? "" : ", or start with " + port.flag()))));
  }

  private static void mtu(HostFacts facts, List<Finding> found) {
    HostFacts.Mtu mtu = facts.mtu();
    if (mtu.uplink().isEmpty()) {
      found.add(
          Finding.warning(
              "no-default-route",
              "there is no default route",
              "the address of this node is that of the default route's interface",
              "add one with ip route add default via GATEWAY; or start with --node-ip and"
                  + " --flannel-iface"));
      return;
    }
    int uplink = mtu.uplinkBytes().orElse(USUAL_MTU_BYTES);
    int pods = uplink - VXLAN_OVERHEAD_BYTES;
    if (pods < IPV6_LEAST_MTU_BYTES) {
      found.add(
          Finding.warning(
              "mtu-small",
              "pods get packets of only " + pods + " bytes",
              "the MTU of %s is %d, less %d for VXLAN; IPv6 needs %d"
                  .formatted(
                      mtu.uplink().get(), uplink, VXLAN_OVERHEAD_BYTES, IPV6_LEAST_MTU_BYTES),
              "ip link set " + mtu.uplink().get() + " mtu 1500, if the network carries it"));
    }
    if (mtu.flannelBytes().isPresent() && mtu.flannelBytes().getAsInt() > pods) {
      found.add(
          Finding.warning(
              "mtu-flannel",
              "packets of pods do not fit through " + mtu.uplink().get(),
              "flannel.1 has an MTU of %d, and %s one of %d, of which VXLAN takes %d"
                  .formatted(
                      mtu.flannelBytes().getAsInt(),
                      mtu.uplink().get(),
                      uplink,
                      VXLAN_OVERHEAD_BYTES),
              "restart the agent; k3s check-network tells more"));
    }
  }

  private static void disk(HostFacts facts, List<Finding> found) {
    if (facts.disk().isEmpty()) {
      return;
    }
    HostFacts.Disk disk = facts.disk().get();
    Optional<Duration> median = disk.medianSync();
    if (median.filter(time -> time.compareTo(SLOW_SYNC) > 0).isPresent()) {
      found.add(
          Finding.warning(
              "disk-slow",
              "the disk of " + disk.directory() + " is slow",
              "a small write takes %d ms to be safe (median of %d, the slowest %d ms)"
                  .formatted(
                      median.get().toMillis(),
                      disk.syncs().size(),
                      disk.syncs().getLast().toMillis()),
              "use a better card or a USB disk; --data-dir puts the state elsewhere"));
    }
    boolean little =
        disk.freeBytes() < LEAST_FREE_BYTES
            || disk.freeBytes() * 100 < disk.sizeBytes() * LEAST_FREE_PERCENT;
    if (disk.sizeBytes() > 0 && little) {
      found.add(
          Finding.warning(
              "disk-full",
              "little space is left in " + disk.directory(),
              "%d MB of %d MB; images and logs need more"
                  .formatted(disk.freeBytes() >> 20, disk.sizeBytes() >> 20),
              "du -xh "
                  + disk.directory()
                  + " | sort -h | tail; free some space, or use --data-dir"));
    }
  }

  private static Optional<Finding> swap(HostFacts facts, Wishes wishes) {
    return wishes.failSwapOn() && !facts.swaps().isEmpty()
        ? Optional.of(
            Finding.error(
                "swap",
                "swap is on, and the kubelet setting fail-swap-on forbids it",
                "in use: " + String.join(", ", facts.swaps()),
                "swapoff -a, and remove the line from /etc/fstab; or --kubelet-arg=fail-swap-on=false"))
        : Optional.empty();
  }

  private static void names(HostFacts facts, Wishes wishes, List<Finding> found) {
    String name = wishes.nodeName().orElse(facts.hostName()).toLowerCase(Locale.ROOT);
    boolean valid = NODE_NAME.matcher(name).matches() && name.length() <= LONGEST_NAME;
    if (!valid || name.equals("localhost") || name.startsWith("localhost.")) {
      found.add(
          Finding.error(
              "node-name",
              "'" + name + "' cannot be the name of a node",
              valid
                  ? "every machine without a name is called so"
                  : "a name has lower-case letters, digits, '-' and '.' alone",
              "hostnamectl set-hostname NAME, or start with --node-name NAME"));
    }
    if (facts.machineId().isEmpty()) {
      found.add(
          Finding.warning(
              "machine-id",
              "this machine has no id",
              "/etc/machine-id is missing or empty; machines of one image are told apart by it",
              "systemd-machine-id-setup, or dbus-uuidgen --ensure=/etc/machine-id"));
    }
  }

  private static void programs(HostFacts facts, Wishes wishes, List<Finding> found) {
    if (wishes.ownContainerd() && !facts.missingPrograms().isEmpty()) {
      String missing = String.join(" and ", new TreeSet<>(facts.missingPrograms()));
      found.add(
          Finding.error(
              "programs",
              missing + " not found",
              "looked on the PATH, and where system programs are",
              "apt-get install containerd runc (or dnf, zypper, apk add); or name another runtime"
                  + " with --container-runtime-endpoint"));
    }
    facts
        .missingRuntimeSocket()
        .ifPresent(
            socket ->
                found.add(
                    Finding.error(
                        "runtime-socket",
                        "nothing is at the socket of --container-runtime-endpoint",
                        socket + " does not exist",
                        "start that runtime, or correct the path")));
    if (!facts.missingPlugins().isEmpty()) {
      found.add(
          Finding.error(
              "cni-plugins",
              "CNI plugins are missing: "
                  + String.join(", ", new TreeSet<>(facts.missingPlugins())),
              "looked in /usr/lib/cni, /opt/cni/bin and the data directory",
              "apt-get install containernetworking-plugins, or unpack"
                  + " github.com/containernetworking/plugins in /opt/cni/bin"));
    }
  }
}
