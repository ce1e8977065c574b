package org.k3sjvm.agent.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.k3sjvm.agent.doctor.HostFacts.Feature;
import org.k3sjvm.agent.doctor.HostFacts.Port;
import org.k3sjvm.agent.doctor.HostFacts.Presence;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.linux.cgroup.CgroupLayout;

class HostRulesTest {
  private static final Port KUBELET =
      new Port(false, 10250, "the kubelet's API", "--kubelet-arg=port=OTHER");

  @Test
  void aGoodHostHasNoFindings() {
    assertThat(judge(new Host())).isEmpty();
  }

  @Test
  void namesTheBootFileOfARaspberryPiWhoseFirmwareSwitchedMemoryGroupsOff() {
    Host pi = new Host();
    pi.controllers = Set.of("cpu", "cpuset", "pids");
    pi.commandLine = "coherent_pool=1M cgroup_disable=memory root=/dev/mmcblk0p2";
    pi.file =
        BootFile.of(
            "Raspberry Pi 4 Model B Rev 1.4", Set.of(Path.of("/boot/cmdline.txt"))::contains);
    assertThat(judge(pi))
        .singleElement()
        .satisfies(f -> assertThat(f.id()).isEqualTo("cgroup-memory"))
        .satisfies(f -> assertThat(f.hinders()).isTrue())
        .satisfies(f -> assertThat(f.cause()).contains("cgroup_disable=memory"))
        .satisfies(
            f ->
                assertThat(f.repair())
                    .isEqualTo(
                        "sed -i '1 s/$/ cgroup_memory=1 cgroup_enable=memory/' /boot/cmdline.txt;"
                            + " reboot"));
  }

  @Test
  void knowsWhereEachBoardKeepsTheCommandLine() {
    Path firmware = Path.of("/boot/firmware/cmdline.txt");
    Path old = Path.of("/boot/cmdline.txt");
    Path armbian = Path.of("/boot/armbianEnv.txt");
    Path grub = Path.of("/etc/default/grub");
    assertThat(BootFile.of("Raspberry Pi 5", Set.of(firmware, old)::contains))
        .isEqualTo(BootFile.PI_FIRMWARE);
    assertThat(BootFile.of("Raspberry Pi 3", Set.of(old)::contains)).isEqualTo(BootFile.PI);
    assertThat(BootFile.of("", Set.of(old, grub)::contains)).isEqualTo(BootFile.GRUB);
    assertThat(BootFile.of("OrangePi Zero2", Set.of(armbian)::contains))
        .isEqualTo(BootFile.ARMBIAN);
    assertThat(BootFile.of("", _ -> false)).isEqualTo(BootFile.UNKNOWN);
    assertThat(BootFile.GRUB.repair("a=1")).contains("&a=1 /").contains("update-grub");
  }

  @Test
  void saysWhatToInstallWhenTheKernelHasNoVxlanOrOverlay() {
    Host host = new Host();
    host.features.put(Feature.VXLAN, Presence.ABSENT);
    host.features.put(Feature.OVERLAY, Presence.ABSENT);
    host.features.put(Feature.BRIDGE, Presence.UNKNOWN);
    assertThat(judge(host))
        .extracting(Finding::id)
        .containsExactlyInAnyOrder("kernel-vxlan", "kernel-overlay");
    assertThat(judge(host))
        .allSatisfy(f -> assertThat(f.repair()).contains("linux-modules-extra-6.1.0-rpi"));
  }

  @Test
  void readsTheListsOfAKernel() {
    String dep = "kernel/drivers/net/vxlan/vxlan.ko.xz: kernel/net/ipv6/ip6_udp_tunnel.ko.xz\n";
    assertThat(KernelConfig.presence(Feature.VXLAN, false, "", dep, ""))
        .isEqualTo(Presence.LOADABLE);
    assertThat(KernelConfig.presence(Feature.VETH, false, "", dep, "")).isEqualTo(Presence.ABSENT);
    assertThat(KernelConfig.presence(Feature.VETH, false, "kernel/drivers/net/veth.ko\n", "", ""))
        .isEqualTo(Presence.HERE);
    assertThat(KernelConfig.presence(Feature.VETH, false, "", "", "")).isEqualTo(Presence.UNKNOWN);
    assertThat(KernelConfig.presence(Feature.VETH, true, "", dep, "")).isEqualTo(Presence.HERE);
    String built = "#\nCONFIG_VETH=y\nCONFIG_VXLAN=m\n# CONFIG_BRIDGE is not set\n";
    assertThat(KernelConfig.presence(Feature.VETH, false, "", "", built)).isEqualTo(Presence.HERE);
    assertThat(KernelConfig.presence(Feature.VXLAN, false, "", "", built))
        .isEqualTo(Presence.UNKNOWN);
    assertThat(KernelConfig.presence(Feature.BRIDGE, false, "", "", built))
        .isEqualTo(Presence.ABSENT);
  }

  @Test
  void namesWhoHasAPortAndAnotherK3sFirst() {
    Host host = new Host();
    host.taken = Map.of(KUBELET, "k3s-agent (pid 812)");
    assertThat(judge(host))
        .singleElement()
        .satisfies(f -> assertThat(f.id()).isEqualTo("port-10250"))
        .satisfies(f -> assertThat(f.cause()).contains("k3s-agent (pid 812)"))
        .satisfies(
            f ->
                assertThat(f.repair())
                    .contains("systemctl disable --now k3s-agent")
                    .contains("--kubelet-arg=port=OTHER"));
    host.agentRuns = true;
    assertThat(judge(host)).isEmpty();
  }

  @Test
  void readsListenersOffTheKernelsTables() {
    String tcp =
        """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 00000000:280A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0
           1: 0100007F:192C 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0
           2: nonsense
        """;
    assertThat(Listener.parse(tcp, false)).containsExactly(new Listener(false, 10250, 4711));
    String udp =
        """
           sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
          9: 00000000:2118 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2 0
        """;
    assertThat(Listener.parse(udp, true)).containsExactly(new Listener(true, 8472, 0));
  }

  @Test
  void tellsOldIptablesRulesBesideNftables() {
    Host host = new Host();
    host.filters =
        new HostFacts.Filters(
            Optional.of("nftables v1.0.6"),
            Optional.of("iptables v1.8.9 (nf_tables)"),
            OptionalInt.of(12),
            false,
            true);
    assertThat(judge(host)).extracting(Finding::id).containsExactly("iptables-mix", "firewall");
    host.filters =
        new HostFacts.Filters(
            Optional.empty(), Optional.empty(), OptionalInt.empty(), false, false);
    assertThat(judge(host)).extracting(Finding::id).containsExactly("nft-missing");
    host.filters =
        new HostFacts.Filters(
            Optional.of("nftables v0.9.8 (E.D.S.)"),
            Optional.empty(),
            OptionalInt.empty(),
            false,
            false);
    assertThat(judge(host)).extracting(Finding::id).containsExactly("nft-old");
  }

  @Test
  void aSlowOrFullDiskIsAWarning() {
    Host host = new Host();
    host.disk =
        new HostFacts.Disk(
            "/var/lib", Collections.nCopies(9, Duration.ofMillis(250)), 100 << 20, 32L << 30);
    assertThat(judge(host)).extracting(Finding::id).containsExactly("disk-slow", "disk-full");
    assertThat(judge(host)).noneMatch(Finding::hinders);
  }

  @Test
  void swapCountsOnlyWhenItIsForbidden() {
    Host host = new Host();
    host.swaps = List.of("/dev/zram0");
    assertThat(judge(host)).isEmpty();
    assertThat(
            HostRules.judge(host.facts(), new HostRules.Wishes(Optional.empty(), true, true, true)))
        .extracting(Finding::id)
        .containsExactly("swap");
  }

  @Test
  void namesThatCannotBeNodes() {
    for (String name :
        List.of("localhost", "my_host", "-a", "x".repeat(254), "localhost.localdomain")) {
      Host host = new Host();
      host.hostName = name;
      assertThat(judge(host)).as(name).extracting(Finding::id).containsExactly("node-name");
    }
    Host capital = new Host();
    capital.hostName = "Pi-4.Home";
    assertThat(judge(capital)).isEmpty();
  }

  @Test
  void aClockThatWasNeverSetAndAMissingIdAndProgramsAreFound() {
    Host host = new Host();
    host.now = Instant.parse("1970-01-01T00:01:00Z");
    host.machineId = "";
    host.missingPrograms = Set.of("runc", "containerd");
    host.missingPlugins = Set.of("portmap");
    host.mtu = new HostFacts.Mtu(Optional.of("wg0"), OptionalInt.of(1300), OptionalInt.of(1450));
    assertThat(judge(host))
        .extracting(Finding::id)
        .containsExactlyInAnyOrder(
            "clock-unset", "machine-id", "programs", "cni-plugins", "mtu-small", "mtu-flannel");
  }

  private static List<Finding> judge(Host host) {
    return HostRules.judge(host.facts(), new HostRules.Wishes(Optional.empty(), false, true, true));
  }

  /** A host that is well, to be changed. */
  private static final class Host {
    Instant now = Instant.parse("2026-11-22T00:00:00Z");
    Set<String> controllers = Set.of("cpu", "cpuset", "memory", "pids");
    String commandLine = "quiet";
    BootFile file = BootFile.GRUB;
    final Map<Feature, Presence> features = new EnumMap<>(Feature.class);
    HostFacts.Filters filters =
        new HostFacts.Filters(
            Optional.of("nftables v1.0.6 (Lester Gooch #5)"),
            Optional.of("iptables v1.8.9 (nf_tables)"),
            OptionalInt.empty(),
            false,
            false);
    Map<Port, String> taken = Map.of();
    HostFacts.Mtu mtu =
        new HostFacts.Mtu(Optional.of("eth0"), OptionalInt.of(1500), OptionalInt.of(1450));
    HostFacts.Disk disk =
        new HostFacts.Disk("/var/lib", List.of(Duration.ofMillis(2)), 20L << 30, 32L << 30);
    List<String> swaps = new ArrayList<>();
    String hostName = "pi-4";
    String machineId = "0123456789abcdef0123456789abcdef";
    Set<String> missingPrograms = Set.of();
    Set<String> missingPlugins = Set.of();
    boolean agentRuns;

    HostFacts facts() {
      return new HostFacts(
          true,
          now,
          new HostFacts.Boot(
              "6.1.0-rpi",
              commandLine,
              file,
              new CgroupLayout.Unified(Path.of("/sys/fs/cgroup"), controllers)),
          features,
          filters,
          taken,
          mtu,
          Optional.of(disk),
          swaps,
          hostName,
          machineId,
          missingPrograms,
          missingPlugins,
          Optional.empty(),
          agentRuns);
    }
  }
}
