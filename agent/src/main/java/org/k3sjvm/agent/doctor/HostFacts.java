package org.k3sjvm.agent.doctor;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.k3sjvm.linux.cgroup.CgroupLayout;

/**
 * This host, as far as an agent cares.
 *
 * @param root whether this is asked by root; much cannot be seen otherwise
 * @param swaps active ones
 * @param hostName as the kernel has it
 * @param machineId may be empty
 * @param missingPrograms of those that the agent runs
 * @param missingPlugins of CNI
 */
record HostFacts(
    boolean root,
    Instant now,
    Boot boot,
    Map<Feature, Presence> features,
    Filters filters,
    Map<Port, String> takenPorts,
    Mtu mtu,
    Optional<Disk> disk,
    List<String> swaps,
    String hostName,
    String machineId,
    Set<String> missingPrograms,
    Set<String> missingPlugins,
    Optional<String> missingRuntimeSocket,
    boolean agentRuns) {
  HostFacts {
    features = Map.copyOf(features);
    takenPorts = Map.copyOf(takenPorts);
    swaps = List.copyOf(swaps);
    missingPrograms = Set.copyOf(missingPrograms);
    missingPlugins = Set.copyOf(missingPlugins);
  }

  /** What was looked at, in a line. */
  String line() {
    List<String> parts = new ArrayList<>();
    parts.add("kernel " + boot.kernel());
    parts.add(
        switch (boot.cgroups()) {
          case CgroupLayout.Unified _ -> "cgroup v2";
          case CgroupLayout.Legacy _ -> "cgroup v1";
          case CgroupLayout.Absent _ -> "no cgroups";
        });
    parts.add(filters.nft().orElse("no nft"));
    mtu.uplink().ifPresent(name -> parts.add(name + " with MTU " + mtu.uplinkBytes().orElse(0)));
    disk.ifPresent(
        d ->
            parts.add(
                d.directory()
                    + " with "
                    + (d.freeBytes() >> 20)
                    + " MB free"
                    + d.medianSync()
                        .map(t -> ", " + t.toMillis() + " ms for a safe write")
                        .orElse("")));
    parts.add("host name " + hostName);
    parts.add(agentRuns ? "an agent runs" : "no agent runs");
    return String.join("; ", parts);
  }

  /**
   * How the kernel came up.
   *
   * @param commandLine of the running kernel
   */
  record Boot(String kernel, String commandLine, BootFile file, CgroupLayout cgroups) {}

  /** Parts of the kernel that pods need. */
  enum Feature {
    OVERLAY("overlay", "CONFIG_OVERLAY_FS"),
    VETH("veth", "CONFIG_VETH"),
    BRIDGE("bridge", "CONFIG_BRIDGE"),
    BR_NETFILTER("br_netfilter", "CONFIG_BRIDGE_NETFILTER"),
    VXLAN("vxlan", "CONFIG_VXLAN"),
    NF_TABLES("nf_tables", "CONFIG_NF_TABLES"),
    NF_CONNTRACK("nf_conntrack", "CONFIG_NF_CONNTRACK"),
    NFT_NAT("nft_nat", "CONFIG_NFT_NAT"),
    NFT_MASQ("nft_masq", "CONFIG_NFT_MASQ");

    private final String module;
    private final String option;

    Feature(String module, String option) {
      this.module = module;
      this.option = option;
    }

    String module() {
      return module;
    }

    /** Of the kernel's configuration. */
    String option() {
      return option;
    }
  }

  /** Whether the kernel has a feature. */
  enum Presence {
    HERE,
    LOADABLE,
    ABSENT,
    UNKNOWN
  }

  /**
   * Packet filters.
   *
   * @param nft what {@code nft --version} says
   * @param iptables what {@code iptables --version} says
   * @param legacyRules how many rules the old tables hold
   */
  record Filters(
      Optional<String> nft,
      Optional<String> iptables,
      OptionalInt legacyRules,
      boolean firewalld,
      boolean ufw) {}

  /** Ports that an agent listens on. */
  record Port(boolean udp, int number, String use, String flag) {}

  /** Bytes. */
  record Mtu(Optional<String> uplink, OptionalInt uplinkBytes, OptionalInt flannelBytes) {}

  /**
   * Where the agent keeps its state.
   *
   * @param syncs times of small writes that reached the disk, sorted; empty when none could be made
   */
  record Disk(String directory, List<Duration> syncs, long freeBytes, long sizeBytes) {
    Disk {
      syncs = List.copyOf(syncs);
    }

    Optional<Duration> medianSync() {
      return syncs.isEmpty() ? Optional.empty() : Optional.of(syncs.get(syncs.size() / 2));
    }
  }
}
