package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.testing.TestImages;
import org.k3sjvm.kubelet.image.ImageSettings;

/** What pods may and may not do, as the kernel shows it to their processes. */
@Tag("host")
class PodSecurityIT {
  private static final String DENY_MKDIR =
      """
      {"defaultAction": "SCMP_ACT_ALLOW",
       "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
      """;

  private static String spec(String podFields, String containerFields, String script) {
    return "{'restartPolicy': 'Never', "
        + podFields
        + " 'containers': [{'name': 'app', 'image': '"
        + TestImages.BUSYBOX
        + "', 'imagePullPolicy': 'Never', 'securityContext': "
        + containerFields
        + ", 'command': ['sh', '-c', '"
        + script
        + "']}]}";
  }

  @Test
  void thePodsWordsReachTheKernel() throws Exception {
    try (RealKubelet kubelet =
        RealKubelet.start(PrivateContainerd.start(), ImageSettings.DEFAULT)) {
      Path profiles = Files.createDirectories(kubelet.root.resolve("seccomp/mine"));
      Files.writeString(profiles.resolve("deny.json"), DENY_MKDIR);
      create(kubelet);

      assertThat(kubelet.saidBy("bound"))
          .contains("uid=1000(user) gid=2000")
          .contains("3000")
          .contains("4000")
          .contains("NoNewPrivs:\t1")
          .contains("CapBnd:\t0000000000000400") // CAP_NET_BIND_SERVICE
          .contains("Seccomp:\t0")
          .contains("root is read-only");
      assertThat(kubelet.saidBy("plain"))
          .contains("uid=0(root)")
          .contains("NoNewPrivs:\t0")
          .contains("CapBnd:\t00000000a80425fb") // the runtime's default
          .contains("kcore: 0 bytes")
          .doesNotContain("covered: 0")
          .contains("sysrq is read-only")
          .contains("first process: sh");
      assertThat(kubelet.saidBy("privileged")).contains("Seccomp:\t0").contains("can mount");
      assertThat(kubelet.saidBy("default")).contains("Seccomp:\t2");
      assertThat(kubelet.saidBy("local")).contains("Seccomp:\t2").contains("no mkdir");
      assertThat(kubelet.saidBy("unmasked")).contains("covered: 0");
      assertThat(kubelet.saidBy("sysctl")).contains("forced: 1").contains("port: 42");
      assertThat(kubelet.saidBy("hostpid"))
          .contains("first process: " + Files.readString(Path.of("/proc/1/comm")).strip());
      assertThat(kubelet.saidBy("shared")).contains("first process: pause");
      refused(kubelet);
    }
  }

  private static void create(RealKubelet kubelet) throws InterruptedException {
    String status = "grep -E \\\"^(Cap|Seccomp|NoNew)\\\" /proc/self/status; ";
    String covered = "echo covered: $(grep -c \\\" /proc/\\\" /proc/mounts); ";
    String first = "echo first process: $(cat /proc/1/comm)";
    kubelet.create(
        "bound",
        spec(
            "'securityContext': {'runAsUser': 7, 'runAsGroup': 2000, 'fsGroup': 3000,"
                + " 'supplementalGroups': [4000], 'runAsNonRoot': true},",
            "{'runAsUser': 1000, 'allowPrivilegeEscalation': false,"
                + " 'readOnlyRootFilesystem': true,"
                + " 'capabilities': {'drop': ['ALL'], 'add': ['NET_BIND_SERVICE']}}",
            "id; " + status + "touch /tmp/x || echo root is read-only"));
    kubelet.create(
        "plain",
        spec(
            "",
            "{}",
            "id; "
                + status
                + covered
                + "echo kcore: $(head -c 9 /proc/kcore | wc -c) bytes; "
                + "echo h > /proc/sysrq-trigger || echo sysrq is read-only; "
                + first));
    kubelet.create(
        "privileged",
        spec("", "{'privileged': true}", status + "mount -t tmpfs none /tmp && echo can mount"));
    kubelet.create(
        "default",
        spec("'securityContext': {'seccompProfile': {'type': 'RuntimeDefault'}},", "{}", status));
    kubelet.create(
        "local",
        spec(
            "",
            "{'seccompProfile': {'type': 'Localhost', 'localhostProfile': 'mine/deny.json'}}",
            status + "mkdir /tmp/d || echo no mkdir"));
    kubelet.create("unmasked", spec("", "{'procMount': 'Unmasked'}", covered));
    kubelet.create(
        "sysctl",
        spec(
            "'securityContext': {'sysctls': [{'name': 'kernel/shm_rmid_forced', 'value': '1'},"
                + " {'name': 'net.ipv4.ip_unprivileged_port_start', 'value': '42'}]},",
            "{}",
            "echo forced: $(cat /proc/sys/kernel/shm_rmid_forced);"
                + " echo port: $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)"));
    kubelet.create("hostpid", spec("'hostPID': true,", "{}", first));
    kubelet.create("shared", spec("'shareProcessNamespace': true,", "{}", first));
    kubelet.create("nonroot", spec("", "{'runAsNonRoot': true}", "id"));
    kubelet.create(
        "outside",
        spec(
            "",
            "{'seccompProfile': {'type': 'Localhost', 'localhostProfile': '../deny.json'}}",
            "id"));
    kubelet.create("noclass", spec("'runtimeClassName': 'none',", "{}", "id"));
    kubelet.create("users", spec("'hostUsers': false,", "{}", "id"));
  }

  private static void refused(RealKubelet kubelet) throws IOException {
    String root = "container has runAsNonRoot and image will run as root (pod: \"nonroot_default(";
    kubelet.await(
        "nonroot",
        p ->
            RealKubelet.wait(p)
                .filter(w -> w.startsWith("CreateContainerConfigError: " + root))
                .isPresent());
    kubelet.awaitEvent("nonroot", "Warning Failed Error: " + root);
    kubelet.awaitEvent("outside", "Warning Failed Error: localhostProfile must be");
    kubelet.awaitEvent(
        "noclass",
        "Warning FailedCreatePodSandBox Failed to create pod sandbox: RuntimeClass \"none\" not"
            + " found");
    kubelet.awaitEvent(
        "users",
        "Warning FailedCreatePodSandBox Failed to create pod sandbox: can't set `spec.hostUsers:"
            + " false`, runtime does not support user namespaces");
  }
}
