package org.k3sjvm.kube.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.k3sjvm.kube.KubeJson;

class FingerprintTest {
  @Test
  void theSameObjectReadTwiceHasTheSame() {
    assertThat(of(pod(""))).isEqualTo(of(pod("")));
    assertThat(of(node(""))).isEqualTo(of(node("")));
    assertThat(of(configMap("5"))).isEqualTo(of(configMap("5")));
  }

  @ParameterizedTest
  @MethodSource("newsOfAPod")
  void newsOfAPodChangesIt(String what, Consumer<Pod> change) {
    Pod pod = pod("");
    change.accept(pod);

    assertThat(of(pod)).as(what).isNotEqualTo(of(pod("")));
  }

  static Stream<Arguments> newsOfAPod() {
    return Stream.of(
        pod("image", p -> p.getSpec().getContainers().getFirst().setImage("web:2")),
        pod("image whose text hashes alike", p -> image(p, "web:BB")),
        pod("node selector", p -> p.getSpec().getNodeSelector().put("disk", "disk")),
        pod("label", p -> p.getMetadata().getLabels().put("app", "db")),
        pod("label named as its value", p -> p.getMetadata().getLabels().put("new", "new")),
        pod("no label", p -> p.getMetadata().getLabels().clear()),
        pod("annotation", p -> p.getMetadata().getAnnotations().put("team", "b")),
        pod("deletion", p -> p.getMetadata().setDeletionTimestamp("2026-01-02T00:00:00Z")),
        pod("grace", p -> p.getMetadata().setDeletionGracePeriodSeconds(5L)),
        pod("end", p -> p.getStatus().setPhase("Succeeded")),
        pod("failure", p -> p.getStatus().setPhase("Failed")),
        pod("start", p -> p.getStatus().setStartTime("2026-01-01T00:00:09Z")),
        pod("another of that name", p -> p.getMetadata().setUid("uid2")));
  }

  @Test
  void aPodThatSucceededIsNotOneThatFailed() {
    assertThat(of(pod(",\"phase\":\"Succeeded\""))).isNotEqualTo(of(pod(",\"phase\":\"Failed\"")));
  }

  /** Else restarts would be counted from the start again, or not at all. */
  @Test
  void eachRunOfAContainerIsNewsAndSoIsItsEnd() {
    List<String> all =
        Stream.of(
                "",
                container("Init", "\"containerID\":\"a\",\"restartCount\":0"),
                container("", "\"containerID\":\"a\",\"restartCount\":0"),
                container(
                    "", "\"containerID\":\"a\",\"restartCount\":0,\"state\":{\"running\":{}}"),
                container(
                    "", "\"containerID\":\"a\",\"restartCount\":0,\"state\":{\"terminated\":{}}"),
                container(
                    "", "\"containerID\":\"b\",\"restartCount\":0,\"state\":{\"running\":{}}"),
                container(
                    "", "\"containerID\":\"b\",\"restartCount\":1,\"state\":{\"running\":{}}"))
            .map(status -> of(pod(status)))
            .toList();

    assertThat(all).doesNotHaveDuplicates();
  }

  private static String container(String kind, String fields) {
    String list = kind.isEmpty() ? "containerStatuses" : "initContainerStatuses";
    return ",\"%s\":[{\"name\":\"c\",%s}]".formatted(list, fields);
  }

  @Test
  void twoLabelsThatChangePlacesAreNews() {
    Pod one = pod("");
    one.getMetadata().getLabels().put("a", "x");
    one.getMetadata().getLabels().put("b", "y");
    Pod two = pod("");
    two.getMetadata().getLabels().put("a", "y");
    two.getMetadata().getLabels().put("b", "x");

    assertThat(of(one)).isNotEqualTo(of(two));
  }

  @Test
  void whatAPodGoesThroughDoesNotChangeIt() {
    Pod later =
        pod(
            """
            ,"phase":"Running","podIP":"10.42.0.9","podIPs":[{"ip":"10.42.0.9"}],
            "conditions":[{"type":"Ready","status":"True"}],
            "containerStatuses":[{"name":"c","restartCount":0,"ready":true,"started":true}]""");
    later.getMetadata().setResourceVersion("99");

    assertThat(of(later))
        .isEqualTo(
            of(
                pod(
                    """
                    ,"phase":"Pending","containerStatuses":[{"name":"c","restartCount":0}]""")));
  }

  @Test
  void aPodWithoutAStatusHasOne() {
    Pod pod = pod("");
    pod.setStatus(null);

    assertThat(of(pod)).isNotEmpty().isNotEqualTo(of(pod("")));
  }

  @Test
  void theHeartbeatOfANodeDoesNotChangeIt() {
    Node later =
        node(
            """
            ,"conditions":[{"type":"Ready","lastHeartbeatTime":"2026-01-02T00:00:00Z"}],
            "images":[{"names":["web:1"]}],"allocatable":{"cpu":"2"}""");
    later.getMetadata().setResourceVersion("99");

    assertThat(of(later)).isEqualTo(of(node("")));
  }

  @ParameterizedTest
  @MethodSource("newsOfANode")
  void newsOfANodeChangesIt(String what, Consumer<Node> change) {
    Node node = node("");
    change.accept(node);

    assertThat(of(node)).as(what).isNotEqualTo(of(node("")));
  }

  static Stream<Arguments> newsOfANode() {
    return Stream.of(
        node("pod network", n -> n.getSpec().setPodCIDR("10.42.9.0/24")),
        node("unschedulable", n -> n.getSpec().setUnschedulable(true)),
        node("label", n -> n.getMetadata().getLabels().put("zone", "b")),
        node("annotation", n -> n.getMetadata().getAnnotations().put("flannel/ip", "10.0.0.2")),
        node("address", n -> n.getStatus().getAddresses().getFirst().setAddress("10.0.0.2")),
        node("no address", n -> n.getStatus().getAddresses().clear()),
        node("deletion", n -> n.getMetadata().setDeletionTimestamp("2026-01-02T00:00:00Z")),
        node("another of that name", n -> n.getMetadata().setUid("uid2")));
  }

  @Test
  void everyVersionOfAnythingElseIsNews() {
    assertThat(of(configMap("5"))).isNotEqualTo(of(configMap("6")));
  }

  @Test
  void itFitsIntoALine() {
    for (HasMetadata object : new HasMetadata[] {pod(""), node(""), configMap("5")}) {
      assertThat(of(object)).doesNotContain("\n", "\r", "\t");
    }
  }

  private static String of(HasMetadata object) {
    return Fingerprint.of(object);
  }

  private static void image(Pod pod, String image) {
    pod.getSpec().getContainers().getFirst().setImage(image);
  }

  private static Arguments pod(String what, Consumer<Pod> change) {
    return Arguments.of(what, change);
  }

  private static Arguments node(String what, Consumer<Node> change) {
    return Arguments.of(what, change);
  }

  private static Pod pod(String moreStatus) {
    return KubeJson.read(
        """
        {"metadata":{"name":"web","namespace":"default","uid":"uid1","resourceVersion":"1",
         "labels":{"app":"web"},"annotations":{"team":"a"}},
         "spec":{"nodeSelector":{"os":"linux"},"containers":[{"name":"c","image":"web:Aa"}]},
         "status":{"startTime":"2026-01-01T00:00:00Z"%s}}"""
            .formatted(moreStatus),
        Pod.class);
  }

  private static Node node(String moreStatus) {
    return KubeJson.read(
        """
        {"metadata":{"name":"n1","uid":"uid1","resourceVersion":"1",
         "labels":{"zone":"a"},"annotations":{"flannel/ip":"10.0.0.1"}},
         "spec":{"podCIDR":"10.42.0.0/24"},
         "status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"}]%s}}"""
            .formatted(moreStatus),
        Node.class);
  }

  private static ConfigMap configMap(String version) {
    return KubeJson.read(
        "{\"metadata\":{\"name\":\"m\",\"uid\":\"uid1\",\"resourceVersion\":\"" + version + "\"}}",
        ConfigMap.class);
  }
}
