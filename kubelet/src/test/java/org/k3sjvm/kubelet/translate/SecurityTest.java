package org.k3sjvm.kubelet.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.cri.ContainerSecurityContext;
import org.k3sjvm.cri.ContainerSecurityContext.RunAs;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.SandboxSecurityContext;
import org.k3sjvm.cri.SecurityProfile;
import org.k3sjvm.cri.SupplementalGroupsPolicy;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.pod.DesiredPod;

class SecurityTest {
  private static final Path ROOT = Path.of("/var/lib/kubelet");
  private static final Optional<RunAs> ROOT_IMAGE = Optional.empty();

  /** Fields of pod and container in JSON, with single quotes. */
  private static DesiredPod pod(String podFields, String containerFields) {
    return annotated("{}", podFields, containerFields);
  }

  private static DesiredPod annotated(
      String annotations, String podFields, String containerFields) {
    String json =
        """
        {'metadata': {'name': 'web', 'namespace': 'shop', 'uid': 'u1', 'annotations': %s},
         'spec': {'securityContext': %s,
                  'containers': [{'name': 'app', 'securityContext': %s}]}}\
        """
            .formatted(annotations, podFields, containerFields);
    return DesiredPod.of(KubeJson.read(json.replace('\'', '"'), Pod.class));
  }

  private static ContainerSecurityContext of(DesiredPod pod, Optional<RunAs> imageUser) {
    return Security.of(
        pod, pod.regular().getFirst().container(), imageUser, Security.OfNode.of(ROOT));
  }

  private static Optional<RunAs> image(String user) {
    return user.isEmpty()
        ? Optional.empty()
        : user.matches("-?[0-9]+")
            ? Optional.of(new RunAs.Uid(Long.parseLong(user)))
            : Optional.of(new RunAs.Username(user));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | {} | '' | uid 0",
        "{} | {} | 7 | uid 7",
        "{} | {} | nobody | name nobody",
        "{'runAsUser': 5} | {} | nobody | uid 5",
        "{'runAsUser': 5} | {'runAsUser': 6} | nobody | uid 6",
        "{'runAsUser': 5} | {'runAsUser': 0} | 7 | uid 0"
      })
  void runsAsTheContainerSaysThenThePodThenTheImage(
      String pod, String container, String imageUser, String runsAs) {
    String is =
        switch (of(pod(pod, container), image(imageUser)).user().orElseThrow()) {
          case RunAs.Uid(long uid) -> "uid " + uid;
          case RunAs.Username(String name) -> "name " + name;
        };
    assertThat(is).isEqualTo(runsAs);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'runAsNonRoot': true, 'runAsUser': 0} | {} | 7"
            + " | container's runAsUser breaks non-root policy",
        "{'runAsNonRoot': true} | {'runAsUser': 0} | 7"
            + " | container's runAsUser breaks non-root policy",
        "{} | {'runAsNonRoot': true} | '' "
            + "| container has runAsNonRoot and image will run as root",
        "{} | {'runAsNonRoot': true} | 0"
            + " | container has runAsNonRoot and image will run as root",
        "{'runAsNonRoot': true} | {} | root | container has runAsNonRoot and image has non-numeric"
            + " user (root), cannot verify user is non-root",
        "{'runAsNonRoot': true} | {} | 4294967295 | container has runAsNonRoot and image has an"
            + " invalid user id (4294967295)"
      })
  void whoMustNotBeRootDoesNotStartAsRoot(
      String pod, String container, String imageUser, String why) {
    assertThatThrownBy(() -> of(pod(pod, container), image(imageUser)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(why + " (pod: \"web_shop(u1)\", container: app)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'runAsNonRoot': true} | {'runAsNonRoot': false} | ''",
        "{'runAsNonRoot': true, 'runAsUser': 5} | {} | ''",
        "{'runAsNonRoot': true} | {'runAsUser': 5} | root",
        "{'runAsNonRoot': true} | {} | 5"
      })
  void whoIsNotRootStarts(String pod, String container, String imageUser) {
    assertThat(of(pod(pod, container), image(imageUser)).user()).isPresent();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | {} | false | Unconfined[]",
        "{} | {} | true | RuntimeDefault[]",
        "{'seccompProfile': {'type': 'Unconfined'}} | {} | true | Unconfined[]",
        "{'seccompProfile': {'type': 'Unconfined'}} | {'seccompProfile': {'type':"
            + " 'RuntimeDefault'}} | false | RuntimeDefault[]",
        "{'seccompProfile': {'type': 'Localhost', 'localhostProfile': 'a/b.json'}} | {} | false |"
            + " Localhost[reference=/var/lib/kubelet/seccomp/a/b.json]"
      })
  void seccompIsTheContainersThenThePodsThenTheNodes(
      String pod, String container, boolean byDefault, String profile) {
    DesiredPod desired = pod(pod, container);
    ContainerSecurityContext context =
        Security.of(
            desired,
            desired.regular().getFirst().container(),
            ROOT_IMAGE,
            new Security.OfNode(ROOT.resolve("seccomp"), byDefault, Optional.empty(), List.of()));

    assertThat(context.seccomp().orElseThrow()).hasToString(profile);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../x", "a/../../x", "/etc/passwd", ".", "..", "a/..", "\\u0000", "../seccomp2/x"})
  void seccompFilesLieInTheirDirectory(String name) {
    DesiredPod pod =
        pod("{}", "{'seccompProfile': {'type': 'Localhost', 'localhostProfile': '" + name + "'}}");

    assertThatThrownBy(() -> of(pod, ROOT_IMAGE))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("localhostProfile must be the name of a file below");
  }

  @Test
  void aSeccompFileMustBeNamed() {
    assertThatThrownBy(() -> of(pod("{}", "{'seccompProfile': {'type': 'Localhost'}}"), ROOT_IMAGE))
        .hasMessage("localhostProfile must be set if seccompProfile type is Localhost.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | {} | {} | Optional.empty",
        "runtime/default | {} | {} | Optional[RuntimeDefault[]]",
        "unconfined | {'appArmorProfile': {'type': 'RuntimeDefault'}} | {}"
            + " | Optional[Unconfined[]]",
        "localhost/mine | {} | {} | Optional[Localhost[reference=mine]]",
        "nonsense | {'appArmorProfile': {'type': 'RuntimeDefault'}} | {}"
            + " | Optional[RuntimeDefault[]]",
        "unconfined | {} | {'appArmorProfile': {'type': 'Localhost', 'localhostProfile': 'x'}}"
            + " | Optional[Localhost[reference=x]]"
      })
  void appArmorIsTheContainersThenTheAnnotationThenThePods(
      String annotation, String pod, String container, String profile) {
    String annotations =
        annotation.isEmpty()
            ? "{}"
            : "{'container.apparmor.security.beta.kubernetes.io/app': '" + annotation + "'}";

    assertThat(of(annotated(annotations, pod, container), ROOT_IMAGE).apparmor())
        .hasToString(profile);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{'type': 'Localhost'}", "{'type': 'Odd'}"})
  void anIncompleteAppArmorProfileIsRefused(String profile) {
    assertThatThrownBy(() -> of(pod("{}", "{'appArmorProfile': " + profile + "}"), ROOT_IMAGE))
        .isInstanceOf(ConfigException.class);
  }

  @Test
  void groupsAndRightsArePassedOn() {
    ContainerSecurityContext is =
        of(
            pod(
                "{'fsGroup': 3, 'supplementalGroups': [1, 2], 'supplementalGroupsPolicy': 'Strict',"
                    + " 'runAsGroup': 9, 'seLinuxOptions': {'level': 's0:c1'}}",
                "{'runAsUser': 5, 'allowPrivilegeEscalation': false, 'privileged': true,"
                    + " 'readOnlyRootFilesystem': true,"
                    + " 'capabilities': {'add': ['NET_ADMIN'], 'drop': ['ALL']},"
                    + " 'seLinuxOptions': {'type': 't'}}"),
            ROOT_IMAGE);

    assertThat(is.supplementalGroups()).containsExactly(3L, 1L, 2L);
    assertThat(is.supplementalGroupsPolicy()).isEqualTo(SupplementalGroupsPolicy.STRICT);
    assertThat(is.runAsGroup()).hasValue(9);
    assertThat(is.noNewPrivileges()).isTrue();
    assertThat(is.privileged()).isTrue();
    assertThat(is.readonlyRootfs()).isTrue();
    assertThat(is.capabilities().add()).containsExactly("NET_ADMIN");
    assertThat(is.capabilities().drop()).containsExactly("ALL");
    assertThat(is.seLinux().orElseThrow().type()).isEqualTo("t");
    assertThat(is.seLinux().orElseThrow().level()).isEmpty();
  }

  @Test
  void unmaskedShowsAllOfProc() {
    ContainerSecurityContext masked = of(pod("{}", "{}"), ROOT_IMAGE);
    assertThat(masked.maskedPaths()).contains("/proc/kcore", "/sys/firmware");
    assertThat(masked.readonlyPaths()).contains("/proc/sys");
    ContainerSecurityContext all = of(pod("{}", "{'procMount': 'Unmasked'}"), ROOT_IMAGE);
    assertThat(all.maskedPaths()).isEmpty();
    assertThat(all.readonlyPaths()).isEmpty();
  }

  @Test
  void countersOfHotProcessorsAreMaskedWhereThereAreSuch(@TempDir Path cpus) throws IOException {
    Files.createDirectories(cpus.resolve("cpu0/thermal_throttle"));
    Files.createDirectories(cpus.resolve("cpu1"));
    Files.createDirectories(cpus.resolve("cpu2/thermal_throttle"));

    assertThat(ProcPaths.masked(cpus))
        .contains(
            cpus.resolve("cpu0/thermal_throttle").toString(),
            cpus.resolve("cpu2/thermal_throttle").toString())
        .doesNotContain(cpus.resolve("cpu1/thermal_throttle").toString());
  }

  @ParameterizedTest
  @CsvSource({
    "false, false, false, false, POD, CONTAINER, POD",
    "true, false, false, false, NODE, CONTAINER, POD",
    "false, true, false, true, POD, NODE, POD",
    "false, false, true, true, POD, POD, NODE"
  })
  void namespacesFollowTheHostFlags(
      boolean network,
      boolean pid,
      boolean ipc,
      boolean shared,
      NamespaceMode networkMode,
      NamespaceMode pidMode,
      NamespaceMode ipcMode) {
    var is =
        Security.namespaces(
            new PodSpecBuilder()
                .withHostNetwork(network)
                .withHostPID(pid)
                .withHostIPC(ipc)
                .withShareProcessNamespace(shared)
                .build(),
            Optional.empty());

    assertThat(List.of(is.network(), is.pid(), is.ipc()))
        .containsExactly(networkMode, pidMode, ipcMode);
  }

  @Test
  void theSandboxIsConfinedAndPrivilegedWhenAContainerIs() {
    SandboxSecurityContext is =
        Security.ofSandbox(
            pod("{'runAsUser': 5, 'runAsGroup': 6}", "{'privileged': true}").pod().getSpec(),
            Optional.empty());

    assertThat(is.privileged()).isTrue();
    assertThat(is.seccomp()).contains(new SecurityProfile.RuntimeDefault());
    assertThat(is.runAsUser()).hasValue(5);
    assertThat(is.runAsGroup()).hasValue(6);
  }
}
