package org.k3sjvm.kubelet.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.kubelet.env.ServiceEnv.Port;
import org.k3sjvm.kubelet.env.ServiceEnv.ServiceAddress;
import org.k3sjvm.kubelet.translate.ConfigException;

class EnvironmentTest {
  private static final Pod POD =
      new PodBuilder()
          .withNewMetadata()
          .withName("web")
          .withNamespace("shop")
          .addToLabels("app", "x")
          .endMetadata()
          .withNewSpec()
          .withNodeName("n1")
          .endSpec()
          .build();

  @Test
  void laterSourcesWinAndServicesAreTheLowest() throws InterruptedException {
    Container container =
        new ContainerBuilder()
            .withName("app")
            .addNewEnvFrom()
            .withPrefix("P_")
            .withNewConfigMapRef("settings", false)
            .endEnvFrom()
            .addNewEnv()
            .withName("P_COLOR")
            .withValue("blue")
            .endEnv()
            .addNewEnv()
            .withName("ALL")
            .withValue("$(P_COLOR) $(P_SIZE) $(DB_SERVICE_HOST) $(NONE)")
            .endEnv()
            .addNewEnv()
            .withName("IP")
            .withNewValueFrom()
            .withNewFieldRef("v1", "status.podIP")
            .endValueFrom()
            .endEnv()
            .addNewEnv()
            .withName("LABEL")
            .withNewValueFrom()
            .withNewFieldRef("v1", "metadata.labels['app']")
            .endValueFrom()
            .endEnv()
            .addNewEnv()
            .withName("MEMORY")
            .withNewValueFrom()
            .withNewResourceFieldRef()
            .withDivisor(new Quantity("1Mi"))
            .withResource("limits.memory")
            .endResourceFieldRef()
            .endValueFrom()
            .endEnv()
            .build();

    Map<String, String> env = Environment.of(POD, container, sources());

    assertThat(env)
        .containsEntry("P_COLOR", "blue")
        .containsEntry("P_SIZE", "big")
        .containsEntry("ALL", "blue big 10.43.0.9 $(NONE)")
        .containsEntry("IP", "10.42.0.5")
        .containsEntry("LABEL", "x")
        .containsEntry("MEMORY", "1024")
        .containsEntry("DB_PORT_5432_TCP", "tcp://10.43.0.9:5432")
        .containsEntry("DB_SERVICE_PORT_SQL", "5432");
    assertThat(env.keySet()).startsWith("P_COLOR", "P_SIZE", "ALL");
  }

  @Test
  void aMissingObjectOrKeyIsNamedUnlessOptional() throws InterruptedException {
    assertThatThrownBy(() -> Environment.of(POD, keyOf("nothing", "k", false), sources()))
        .isInstanceOf(ConfigException.class)
        .hasMessage("configmap \"nothing\" not found");
    assertThatThrownBy(() -> Environment.of(POD, keyOf("settings", "k", false), sources()))
        .hasMessage("couldn't find key k in ConfigMap shop/settings");
    assertThat(Environment.of(POD, keyOf("nothing", "k", true), sources())).doesNotContainKey("X");
  }

  @Test
  void withoutLinksOnlyTheApiServerIsTold() {
    List<ServiceAddress> services =
        List.of(
            service("default", "kubernetes", "10.43.0.1", new Port("https", 443, "TCP")),
            service("shop", "db", "10.43.0.9", new Port("", 5432, "TCP")));

    assertThat(ServiceEnv.of("shop", false, services))
        .containsEntry("KUBERNETES_SERVICE_HOST", "10.43.0.1")
        .doesNotContainKey("DB_SERVICE_HOST");
  }

  @ParameterizedTest
  @CsvSource({
    "metadata.name, web",
    "metadata.namespace, shop",
    "metadata.labels['app'], x",
    "metadata.labels['none'], ''",
    "spec.nodeName, n1",
    "status.hostIP, 10.0.0.1",
    "status.hostIPs, 10.0.0.1",
    "status.podIPs, '10.42.0.5'"
  })
  void fieldsAreText(String path, String value) {
    assertThat(PodFields.field(path, POD, List.of("10.42.0.5"), List.of("10.0.0.1")))
        .isEqualTo(value);
  }

  @Test
  void mapsAreSortedLinesOfQuotedText() {
    Pod pod =
        new PodBuilder(POD)
            .editMetadata()
            .withAnnotations(Map.of("b", "2\"\\\n\u200bé", "a", "1"))
            .endMetadata()
            .build();

    assertThat(PodFields.field("metadata.annotations", pod))
        .isEqualTo("a=\"1\"\nb=\"2\\\"\\\\\\n\\u200bé\"");
    assertThatThrownBy(() -> PodFields.field("status.phase", pod))
        .hasMessage("unsupported fieldPath: status.phase");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "limits.cpu,              -,   2,    2",
        "limits.cpu,              1m,  2,    1500",
        "requests.cpu,            -,   2,    1",
        "requests.cpu,            1m,  2,    100",
        "limits.memory,           1Mi, 2,    1024",
        "limits.memory,           1Mi, -,    2048",
        "requests.memory,         1Mi, 2,    0",
        "limits.hugepages-2Mi,    1Mi, 2,    4",
        "limits.hugepages-1Gi,    1Mi, 2,    0",
        "limits.ephemeral-storage, 1M, 2,    5"
      })
  void resourcesAreCountedInUnitsOfTheDivisor(
      String name, String divisor, String podMemoryGi, String value) {
    Map<String, Quantity> limits =
        Map.of("cpu", new Quantity("1500m"), "hugepages-2Mi", new Quantity("4Mi"));
    Pod pod =
        new PodBuilder(POD)
            .editSpec()
            .withResources(
                podMemoryGi == null
                    ? new ResourceRequirementsBuilder()
                        .withLimits(Map.of("memory", new Quantity("2Gi")))
                        .build()
                    : null)
            .addNewContainer()
            .withName("app")
            .withNewResources()
            .withLimits(limits)
            .withRequests(Map.of("cpu", new Quantity("100m")))
            .endResources()
            .endContainer()
            .endSpec()
            .build();
    ResourceFieldSelector selector =
        new ResourceFieldSelector("app", divisor == null ? null : new Quantity(divisor), name);

    assertThat(
            PodFields.resource(
                pod,
                Optional.empty(),
                selector,
                Map.of(
                    "memory", new Quantity("1Gi"),
                    "hugepages-1Gi", new Quantity("1Gi"),
                    "ephemeral-storage", new Quantity("4500k"))))
        .isEqualTo(value);
  }

  @Test
  void unknownResourcesAndContainersAreErrors() {
    assertThatThrownBy(
            () ->
                PodFields.resource(
                    POD,
                    Optional.of(new Container()),
                    new ResourceFieldSelector(null, null, "limits.gpu"),
                    Map.of()))
        .hasMessage("unsupported container resource : limits.gpu");
    assertThatThrownBy(
            () ->
                PodFields.resource(
                    POD,
                    Optional.empty(),
                    new ResourceFieldSelector("who", null, "limits.cpu"),
                    Map.of()))
        .hasMessage("container who not found");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      nullValues = "-",
      value = {
        "A='1'; 1",
        "  A='1' # one; 1",
        "# A='0'|A='1'; 1",
        "B='x'|A='1|2'|A='3'; 1|2",
        "A='a b$c'; a b$c",
        "A= '1'; -",
        "B='1'; -",
        "A=''; -",
        "A=1; !line 1: value must be enclosed in single quotes",
        "A ='1'; !line 1: whitespace before '=' is not allowed",
        "X; !line 1: missing '='",
        "='1'; !line 1: empty variable name",
        "B='1'|A='1' x; !line 2: unexpected content after closing quote",
        "A='1|2; !line 2: unclosed single quote"
      })
  void filesOfVariablesAreReadStrictly(String text, String value) {
    String file = text.replace('|', '\n');
    if (value != null && value.startsWith("!")) {
      assertThatThrownBy(() -> EnvFile.find(file, "A")).hasMessageEndingWith(value.substring(1));
    } else {
      assertThat(EnvFile.find(file, "A"))
          .isEqualTo(Optional.ofNullable(value).map(v -> v.replace('|', '\n')));
    }
  }

  @Test
  void aVariableComesFromAFileInAVolumeAndFromNowhereElse(@TempDir Path directory)
      throws IOException, InterruptedException {
    Path volume = Files.createDirectories(directory.resolve("volume/sub"));
    Files.writeString(volume.resolve("env"), "COLOR='green'\n");
    Files.writeString(directory.resolve("outside"), "COLOR='secret'\n");
    Files.createSymbolicLink(volume.resolve("link"), directory.resolve("outside"));
    Environment.Sources sources = sources(Map.of("data", directory.resolve("volume")));

    assertThat(Environment.of(POD, fileKey("sub/env", "COLOR", false), sources))
        .containsEntry("X", "green");
    assertThat(Environment.of(POD, fileKey("sub/env", "SIZE", true), sources))
        .doesNotContainKey("X");
    assertThatThrownBy(() -> Environment.of(POD, fileKey("sub/env", "SIZE", false), sources))
        .hasMessageContaining("environment variable key \"SIZE\" not found in file");
    for (String path : List.of("sub/link", "../outside", "sub/none", "sub")) {
      assertThatThrownBy(() -> Environment.of(POD, fileKey(path, "COLOR", false), sources))
          .isInstanceOf(ConfigException.class)
          .hasMessageStartingWith("couldn't parse env file");
    }
  }

  @Test
  void addressesOfTheSixthVersionStandInBrackets() {
    assertThat(
            ServiceEnv.of(
                "shop",
                true,
                List.of(service("shop", "my-db", "fd43::9", new Port("sql-x", 5432, "TCP")))))
        .containsEntry("MY_DB_PORT", "tcp://[fd43::9]:5432")
        .containsEntry("MY_DB_SERVICE_HOST", "fd43::9")
        .containsEntry("MY_DB_SERVICE_PORT_SQL_X", "5432")
        .containsEntry("MY_DB_PORT_5432_TCP_ADDR", "fd43::9");
  }

  private static Container fileKey(String path, String key, boolean optional) {
    return new ContainerBuilder()
        .withName("app")
        .addNewEnv()
        .withName("X")
        .withNewValueFrom()
        .withNewFileKeyRef(key, optional, path, "data")
        .endValueFrom()
        .endEnv()
        .build();
  }

  private static Container keyOf(String map, String key, boolean optional) {
    return new ContainerBuilder()
        .withName("app")
        .addNewEnv()
        .withName("X")
        .withNewValueFrom()
        .withNewConfigMapKeyRef(key, map, optional)
        .endValueFrom()
        .endEnv()
        .build();
  }

  private static Environment.Sources sources() {
    return sources(Map.of());
  }

  private static Environment.Sources sources(Map<String, Path> volumes) {
    EnvObjects objects =
        new EnvObjects() {
          @Override
          public Optional<Map<String, String>> configMap(String namespace, String name) {
            return name.equals("settings")
                ? Optional.of(Map.of("COLOR", "red", "SIZE", "big"))
                : Optional.empty();
          }

          @Override
          public Optional<Map<String, String>> secret(String namespace, String name) {
            return Optional.empty();
          }
        };
    return new Environment.Sources(
        ServiceEnv.of(
            "shop",
            true,
            List.of(service("shop", "db", "10.43.0.9", new Port("sql", 5432, "TCP")))),
        List.of("10.42.0.5"),
        List.of("10.0.0.1"),
        Map.of("memory", new Quantity("1Gi")),
        objects,
        volumes);
  }

  private static ServiceAddress service(String namespace, String name, String ip, Port port) {
    return new ServiceAddress(namespace, name, ip, List.of(port));
  }
}
