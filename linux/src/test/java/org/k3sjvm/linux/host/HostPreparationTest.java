package org.k3sjvm.linux.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.testing.FakeCommands;
import org.k3sjvm.linux.testing.FakeSysctls;

class HostPreparationTest {
  @TempDir private Path modules;

  private final FakeCommands commands =
      new FakeCommands().install("modprobe", _ -> new CommandResult(0, "", ""));

  @Test
  void loadsOnlyModulesThatAreMissing() throws Exception {
    Files.createDirectory(modules.resolve("overlay"));
    Files.createDirectory(modules.resolve("nft_chain_2_nat"));

    prepare(
        new FakeSysctls(), new HostSettings(false, false, HostSettings.Conntrack.UNTOUCHED, false));

    assertThat(commands.ran())
        .extracting(Command::toString)
        .contains("modprobe -- br_netfilter")
        .doesNotContain("modprobe -- overlay", "modprobe -- nft-chain-2-nat")
        .doesNotContain("modprobe -- ip6table_nat");
  }

  @Test
  void setsWhatDiffersAndGoesOnWhereASettingIsMissing() throws Exception {
    FakeSysctls sysctls =
        new FakeSysctls()
            .put("net/ipv4/conf/all/forwarding", "0")
            .put("vm/overcommit_memory", "0")
            .put("net/netfilter/nf_conntrack_max", "65536");

    prepare(sysctls, new HostSettings(true, true, HostSettings.Conntrack.defaults(2), true));

    assertThat(sysctls.read("net/ipv4/conf/all/forwarding")).hasValue("1");
    assertThat(sysctls.read("vm/overcommit_memory")).hasValue("1");
    assertThat(sysctls.read("net/netfilter/nf_conntrack_max")).hasValue("131072");
  }

  @Test
  void leavesTheKernelsDefaultsAloneWhereTheyAreProtected() throws Exception {
    FakeSysctls sysctls = new FakeSysctls().put("kernel/panic", "0").put("vm/panic_on_oom", "0");

    prepare(sysctls, new HostSettings(true, true, HostSettings.Conntrack.UNTOUCHED, false));

    assertThat(sysctls.read("kernel/panic")).hasValue("0");
    assertThat(KernelDefaults.missing(sysctls)).containsExactly("kernel.panic=10");
  }

  @Test
  void writesASysctlOnlyWhenItDiffers() throws IOException {
    Path key = Files.createDirectories(modules.resolve("net")).resolve("key");
    Files.writeString(key, "1\n");
    ProcSysctls sysctls = new ProcSysctls(modules);

    assertThat(sysctls.ensure("net/key", "1")).isFalse();
    assertThat(sysctls.ensure("net/key", "2")).isTrue();
    assertThat(sysctls.read("net/key")).hasValue("2");
    assertThat(sysctls.read("net/other")).isEmpty();
  }

  private void prepare(FakeSysctls sysctls, HostSettings settings) throws InterruptedException {
    new HostPreparation(new KernelModules(commands, modules), sysctls).prepare(settings);
  }
}
