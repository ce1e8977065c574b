package org.k3sjvm.kubelet.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineFactsTest {
  @TempDir Path root;

  private void file(String path, String content) throws Exception {
    Files.createDirectories(root.resolve(path).getParent());
    Files.writeString(root.resolve(path), content);
  }

  @Test
  void factsComeFromProcSysAndEtc() throws Exception {
    file("proc/meminfo", "MemTotal:        8028152 kB\nSwapTotal:       1024 kB\n");
    file("sys/devices/system/cpu/online", "0-3,8\n");
    file("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "3\n");
    file("sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "0\n");
    file("etc/machine-id", "abc\n");
    file("etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
    file("proc/sys/kernel/random/boot_id", "b-1\n");
    file("proc/sys/kernel/osrelease", "6.1.0\n");
    MachineFacts facts = MachineFacts.read(root);
    assertThat(facts.cpus()).isEqualTo(5);
    assertThat(facts.memoryBytes()).isEqualTo(8028152L * 1024);
    assertThat(facts.hugePages()).containsEntry("2Mi", 6L << 20).containsEntry("1Gi", 0L);
    assertThat(facts.machineId()).isEqualTo("abc");
    assertThat(facts.systemUuid()).isEqualTo("abc");
    assertThat(facts.osImage()).isEqualTo("Debian GNU/Linux 12 (bookworm)");
    assertThat(facts.kernelVersion()).isEqualTo("6.1.0");
  }

  @Test
  void thisMachineCanBeRead() throws Exception {
    MachineFacts facts = MachineFacts.read(Path.of("/"));
    assertThat(facts.cpus()).isPositive();
    assertThat(facts.memoryBytes()).isPositive();
    assertThat(facts.architecture()).isIn("amd64", "arm64");
  }
}
