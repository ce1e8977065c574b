package org.k3sjvm.kubelet.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.k3sjvm.kube.KubeJson;

class PodReferencesTest {
  private static final String DEFAULT_ACCOUNT = "serviceaccounts default/default";

  @Test
  void aPodThatNamesNothingNeedsItsDefaultAccount() {
    assertThat(of("")).containsExactly(DEFAULT_ACCOUNT);
    assertThat(of("\"serviceAccountName\":\"\"")).containsExactly(DEFAULT_ACCOUNT);
  }

  @Test
  void aPodNeedsTheAccountThatItNames() {
    assertThat(of("\"serviceAccountName\":\"builder\""))
        .containsExactly("serviceaccounts default/builder");
  }

  @ParameterizedTest
  @MethodSource("forms")
  void eachFormOfAReferenceIsFound(String spec, String expected) {
    assertThat(of(spec))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(Stream.of(DEFAULT_ACCOUNT), Arrays.stream(expected.split(", ", -1)))
                .toList());
  }

  static Stream<Arguments> forms() {
    String keys =
        """
        "env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"m","key":"k"}}},
               {"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]""";
    String wholes =
        """
        "envFrom":[{"configMapRef":{"name":"m"}},{"prefix":"P","secretRef":{"name":"s"}}]""";
    return Stream.of(
        form(containers("containers", keys), "configmaps default/m, secrets default/s"),
        form(containers("initContainers", keys), "configmaps default/m, secrets default/s"),
        form(containers("ephemeralContainers", keys), "configmaps default/m, secrets default/s"),
        form(containers("containers", wholes), "configmaps default/m, secrets default/s"),
        form(containers("initContainers", wholes), "configmaps default/m, secrets default/s"),
        form(containers("ephemeralContainers", wholes), "configmaps default/m, secrets default/s"),
        form(volume("\"configMap\":{\"name\":\"m\"}"), "configmaps default/m"),
        form(volume("\"secret\":{\"secretName\":\"s\"}"), "secrets default/s"),
        form(
            volume(
                """
                "projected":{"sources":[{"configMap":{"name":"m"}},{"secret":{"name":"s"}},
                 {"serviceAccountToken":{"path":"token"}},
                 {"downwardAPI":{"items":[{"path":"l","fieldRef":{"fieldPath":"metadata.labels"}}]}}
                ]}"""),
            "configmaps default/m, secrets default/s"),
        form(
            volume("\"persistentVolumeClaim\":{\"claimName\":\"c\",\"readOnly\":true}"),
            "persistentvolumeclaims default/c"),
        form(
            volume("\"ephemeral\":{\"volumeClaimTemplate\":{\"spec\":{\"accessModes\":[\"a\"]}}}"),
            "persistentvolumeclaims default/web-v"),
        form(
            "\"imagePullSecrets\":[{\"name\":\"r1\"},{\"name\":\"r2\"}]",
            "secrets default/r1, secrets default/r2"));
  }

  @ParameterizedTest
  @MethodSource("others")
  void whatIsNoReferenceIsLeftOut(String spec) {
    assertThat(of(spec)).containsExactly(DEFAULT_ACCOUNT);
  }

  static Stream<String> others() {
    return Stream.of(
        containers(
            "containers",
            """
            "env":[{"name":"configMap","value":"m"},
             {"name":"secret","value":"{\\"name\\":\\"s\\"}"},
             {"name":"C","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]"""),
        containers("containers", "\"args\":[\"configMap\",\"secretKeyRef\",\"name\"]"),
        "\"nodeSelector\":{\"configMap\":\"m\",\"secret\":\"s\",\"persistentVolumeClaim\":\"c\"}",
        volume("\"emptyDir\":{}"),
        volume("\"hostPath\":{\"path\":\"/secret\"}"),
        "\"imagePullSecrets\":[{}]",
        "\"imagePullSecrets\":[{\"name\":\"\"}]",
        volume("\"configMap\":{\"name\":\"\",\"optional\":true}"));
  }

  @Test
  void labelsAndAnnotationsAreNoReferences() {
    Pod pod =
        KubeJson.read(
            """
            {"metadata":{"namespace":"default","name":"web",
              "labels":{"secret":"s"},"annotations":{"configMap":"{\\"name\\":\\"m\\"}"}},
             "spec":{}}""",
            Pod.class);

    assertThat(texts(List.of(pod))).containsExactly(DEFAULT_ACCOUNT);
  }

  @Test
  void allThePodsCountEachInItsNamespace() {
    Pod one = pod("default", "web", volume("\"secret\":{\"secretName\":\"s\"}"));
    Pod two = pod("other", "web", volume("\"secret\":{\"secretName\":\"s\"}"));
    Pod three = pod("other", "db", volume("\"secret\":{\"secretName\":\"s\"}"));

    assertThat(texts(List.of(one, two, three)))
        .containsExactlyInAnyOrder(
            DEFAULT_ACCOUNT,
            "secrets default/s",
            "serviceaccounts other/default",
            "secrets other/s");
    assertThat(texts(List.of())).isEmpty();
  }

  private static Arguments form(String spec, String expected) {
    return Arguments.of(spec, expected);
  }

  private static String containers(String kind, String more) {
    return "\"%s\":[{\"name\":\"c\",%s}]".formatted(kind, more);
  }

  private static String volume(String source) {
    return "\"volumes\":[{\"name\":\"v\",%s}]".formatted(source);
  }

  private static Set<String> of(String spec) {
    return texts(List.of(pod("default", "web", spec)));
  }

  private static Set<String> texts(List<Pod> pods) {
    return PodReferences.of(pods).stream()
        .map(reference -> reference.resource() + " " + reference.name())
        .collect(Collectors.toSet());
  }

  private static Pod pod(String namespace, String name, String spec) {
    return KubeJson.read(
        "{\"metadata\":{\"namespace\":\"%s\",\"name\":\"%s\"},\"spec\":{%s}}"
            .formatted(namespace, name, spec),
        Pod.class);
  }
}
