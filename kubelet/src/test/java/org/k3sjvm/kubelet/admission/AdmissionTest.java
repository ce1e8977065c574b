package org.k3sjvm.kubelet.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static org.k3sjvm.kubelet.admission.PodFixtures.NODE;
import static org.k3sjvm.kubelet.admission.PodFixtures.asking;
import static org.k3sjvm.kubelet.admission.PodFixtures.critical;
import static org.k3sjvm.kubelet.admission.PodFixtures.fixed;
import static org.k3sjvm.kubelet.admission.PodFixtures.pod;
import static org.k3sjvm.kubelet.admission.PodFixtures.port;
import static org.k3sjvm.kubelet.admission.PodFixtures.tainted;

import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.k3sjvm.kubelet.admission.Verdict.Admitted;
import org.k3sjvm.kubelet.admission.Verdict.Rejected;

class AdmissionTest {
  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void refusesWithTheReasonAndTextOfKubernetes(
      String reason, String message, Pod pod, List<Pod> others, NodeFacts node) {
    assertThat(decide(pod, others, node)).isEqualTo(new Rejected(reason, message));
  }

  static Stream<Arguments> refused() {
    List<Pod> none = List.of();
    return Stream.of(
        arguments(
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000",
            asking("p", "1"),
            List.of(asking("o", "1500m")),
            NODE),
        arguments(
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 1024, used: 0, capacity: 1000",
            edit(pod("p"), "memory", "1Ki"),
            none,
            NODE),
        arguments(
            "OutOfpods",
            "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
            pod("p").build(),
            List.of(pod("a").build(), pod("b").build(), pod("c").build()),
            NODE),
        arguments(
            "OutOfhugepages-2Mi",
            "Node didn't have enough resource: hugepages-2Mi, requested: 2, used: 0, capacity: 0",
            edit(pod("p"), "hugepages-2Mi", "2"),
            none,
            NODE),
        arguments(
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
            pod("p").editSpec().addToNodeSelector("zone", "b").endSpec().build(),
            none,
            NODE),
        arguments(
            "NodeName",
            "Predicate NodeName failed: node(s) didn't match the requested node name",
            pod("p").editSpec().withNodeName("n2").endSpec().build(),
            none,
            NODE),
        arguments(
            "NodePorts",
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod"
                + " ports",
            port("p", "127.0.0.1", "TCP", 80),
            List.of(port("o", null, null, 80)),
            NODE),
        arguments(
            "TaintToleration",
            "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
            pod("p").build(),
            none,
            tainted("NoExecute")),
        arguments(
            "SysctlForbidden",
            "forbidden sysctl: \"kernel.msgmax\" not allowlisted",
            sysctl("kernel.msgmax"),
            none,
            NODE),
        arguments(
            "SysctlForbidden",
            "forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host Net enabled",
            new PodBuilder(sysctl("net/ipv4/tcp_syncookies"))
                .editSpec()
                .withHostNetwork(true)
                .endSpec()
                .build(),
            none,
            NODE),
        arguments(
            "PodOSNotSupported",
            "Failed to admit pod as the OS field doesn't match node OS",
            pod("p").editSpec().withNewOs("windows").endSpec().build(),
            none,
            NODE),
        arguments(
            "PodOSSelectorNodeLabelDoesNotMatch",
            "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
            pod("p")
                .editMetadata()
                .addToLabels("kubernetes.io/os", "windows")
                .endMetadata()
                .build(),
            none,
            NODE),
        arguments(
            "SupplementalGroupsPolicyNotSupported",
            "SupplementalGroupsPolicy=Strict is not supported in this node",
            pod("p")
                .editSpec()
                .withNewSecurityContext()
                .withSupplementalGroupsPolicy("Strict")
                .endSecurityContext()
                .endSpec()
                .build(),
            none,
            NODE),
        arguments(
            "PodFeatureUnsupported",
            "Pod requires node features that are not available: UserNamespacesHostNetworkSupport",
            pod("p").editSpec().withHostNetwork(true).withHostUsers(false).endSpec().build(),
            none,
            NODE),
        arguments(
            "AppArmor",
            "Cannot enforce AppArmor: AppArmor is not enabled on the host",
            pod("p")
                .editSpec()
                .editFirstContainer()
                .withNewSecurityContext()
                .withNewAppArmorProfile(null, "RuntimeDefault")
                .endSecurityContext()
                .endContainer()
                .endSpec()
                .build(),
            none,
            NODE),
        arguments(
            "UnexpectedAdmissionError",
            "Unexpected error while attempting to recover from admission failure: preemption:"
                + " error finding a set of pods to preempt: no set of running pods found to"
                + " reclaim resources: [(res: cpu, q: 1000), ]",
            critical(asking("p", "3")),
            none,
            NODE));
  }

  @Test
  void theFirstOfSeveralMisfitsIsTold() {
    Pod pod =
        new PodBuilder(asking("p", "5"))
            .editSpec()
            .addToNodeSelector("zone", "b")
            .endSpec()
            .build();

    assertThat(reason(pod, List.of())).isEqualTo("OutOfcpu");
    assertThat(reason(critical(pod), List.of())).isEqualTo("NodeAffinity");
  }

  @Test
  void takesWhatFitsExactly() {
    assertThat(decide(asking("p", "500m"), List.of(asking("o", "1500m")), NODE))
        .isEqualTo(new Admitted());
  }

  @Test
  void resourcesThatTheNodeDoesNotKnowAreSomebodyElses() {
    assertThat(decide(edit(pod("p"), "example.com/gpu", "2"), List.of(), NODE))
        .isEqualTo(new Admitted());
  }

  @Test
  void aPodThatIsHereAlreadyCannotMissItsResources() {
    Admission.Question question =
        new Admission.Question(asking("p", "5"), List.of(port("o", null, "TCP", 80)), true);

    assertThat(Admission.decide(question, NODE, Sysctls.SAFE_ONLY)).isEqualTo(new Admitted());
  }

  @Test
  void staticPodsStayInSpiteOfTaintsAndOthersThatTolerateThem() {
    Pod tolerant =
        pod("p")
            .editSpec()
            .addNewToleration()
            .withKey("k")
            .withOperator("Exists")
            .endToleration()
            .endSpec()
            .build();

    assertThat(decide(fixed(pod("s").build()), List.of(), tainted("NoExecute")))
        .isEqualTo(new Admitted());
    assertThat(decide(tolerant, List.of(), tainted("NoExecute"))).isEqualTo(new Admitted());
    assertThat(decide(pod("p").build(), List.of(), tainted("NoSchedule")))
        .isEqualTo(new Admitted());
  }

  @Test
  void portsOfOtherAddressesAndProtocolsAreFree() {
    List<Pod> others = List.of(port("o", "10.0.0.1", "TCP", 80));

    assertThat(decide(port("p", "10.0.0.2", "TCP", 80), others, NODE)).isEqualTo(new Admitted());
    assertThat(decide(port("p", "10.0.0.1", "UDP", 80), others, NODE)).isEqualTo(new Admitted());
    assertThat(reason(port("p", "10.0.0.1", "TCP", 80), others)).isEqualTo("NodePorts");
  }

  @ParameterizedTest
  @CsvSource({
    "zone,In,a,true",
    "zone,In,b,false",
    "none,NotIn,b,true",
    "zone,NotIn,a,false",
    "zone,Exists,,true",
    "none,Exists,,false",
    "none,DoesNotExist,,true",
    "zone,DoesNotExist,,false",
    "size,Gt,4,true",
    "size,Gt,5,false",
    "size,Lt,6,true",
    "zone,Lt,6,false"
  })
  void affinityComparesLabels(String key, String operator, String value, boolean fits) {
    List<String> values = value == null ? List.of() : List.of(value);
    Pod pod = wanting(new NodeSelectorRequirement(key, operator, values), false);

    assertThat(decide(pod, List.of(), NODE) instanceof Admitted).isEqualTo(fits);
  }

  @Test
  void affinityKnowsTheNodesName() {
    assertThat(
            decide(
                wanting(new NodeSelectorRequirement("metadata.name", "In", List.of("n1")), true),
                List.of(),
                NODE))
        .isEqualTo(new Admitted());
    assertThat(
            reason(
                wanting(new NodeSelectorRequirement("metadata.name", "In", List.of("n2")), true),
                List.of()))
        .isEqualTo("NodeAffinity");
  }

  @Test
  void unsafeSysctlsNeedTheAdministrator() {
    Sysctls more = Sysctls.allowing(List.of("kernel.msg*", "net.ipv4.ip_forward"));

    assertThat(more.check(sysctl("kernel.msgmax").getSpec())).isEmpty();
    assertThat(more.check(sysctl("net.ipv4.ip_forward").getSpec())).isEmpty();
    assertThat(more.check(sysctl("net.core.somaxconn").getSpec())).isPresent();
    assertThatThrownBy(() -> Sysctls.allowing(List.of("vm.swappiness")))
        .hasMessageContaining("vm.swappiness");
  }

  @Test
  void aCriticalPodPushesTheLeastImportantOff() {
    Pod bestEffort = pod("be").build();
    Pod small = asking("small", "500m");
    Pod large = asking("large", "1");

    assertThat(victims(critical(asking("p", "600m")), List.of(bestEffort, small, large)))
        .as("the one whose request covers what is missing")
        .containsExactly("small");
    assertThat(victims(critical(asking("p", "1500m")), List.of(small, large)))
        .containsExactly("large");
    assertThat(victims(critical(asking("p", "1800m")), List.of(small, large)))
        .containsExactlyInAnyOrder("small", "large");
    assertThat(victims(critical(asking("p", "1")), List.of(critical(asking("x", "1")), large)))
        .containsExactly("large");
  }

  @Test
  void roomForOneMorePodIsMadeByABestEffortPod() {
    assertThat(
            victims(
                critical(pod("p").build()),
                List.of(asking("a", "100m"), pod("b").build(), asking("c", "1m"))))
        .containsExactly("b");
  }

  private static List<String> victims(Pod pod, List<Pod> others) {
    Verdict verdict = decide(pod, others, NODE);
    assertThat(verdict).isInstanceOf(Verdict.AfterPreempting.class);
    return ((Verdict.AfterPreempting) verdict)
        .victims().stream().map(v -> v.getMetadata().getName()).toList();
  }

  private static Verdict decide(Pod pod, List<Pod> others, NodeFacts node) {
    return Admission.decide(new Admission.Question(pod, others, false), node, Sysctls.SAFE_ONLY);
  }

  private static String reason(Pod pod, List<Pod> others) {
    return decide(pod, others, NODE) instanceof Rejected r ? r.reason() : "admitted";
  }

  @Test
  void takesAPodThatNeedsWhatThisNodeDeclares() {
    Pod pod =
        pod("p")
            .editSpec()
            .editFirstContainer()
            .addNewRestartPolicyRule()
            .withAction("RestartAllContainers")
            .endRestartPolicyRule()
            .endContainer()
            .endSpec()
            .build();
    assertThat(decide(pod, List.of(), NODE)).isEqualTo(new Admitted());
    assertThat(DeclaredFeatures.check(pod, List.of()))
        .contains(
            new Rejected(
                "PodFeatureUnsupported",
                "Pod requires node features that are not available:"
                    + " RestartAllContainersOnContainerExits"));
  }

  private static Pod edit(PodBuilder pod, String resource, String amount) {
    return pod.editSpec()
        .editFirstContainer()
        .withNewResources()
        .addToRequests(resource, new Quantity(amount))
        .endResources()
        .endContainer()
        .endSpec()
        .build();
  }

  private static Pod sysctl(String name) {
    return pod("p")
        .editSpec()
        .withNewSecurityContext()
        .addNewSysctl(name, "1")
        .endSecurityContext()
        .endSpec()
        .build();
  }

  private static Pod wanting(NodeSelectorRequirement requirement, boolean field) {
    return pod("p")
        .editSpec()
        .withNewAffinity()
        .withNewNodeAffinity()
        .withNewRequiredDuringSchedulingIgnoredDuringExecution()
        .addNewNodeSelectorTerm()
        .withMatchExpressions(field ? List.of() : List.of(requirement))
        .withMatchFields(field ? List.of(requirement) : List.of())
        .endNodeSelectorTerm()
        .endRequiredDuringSchedulingIgnoredDuringExecution()
        .endNodeAffinity()
        .endAffinity()
        .endSpec()
        .build();
  }
}
