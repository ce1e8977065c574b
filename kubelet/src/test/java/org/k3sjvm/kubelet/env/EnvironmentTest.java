package org.k3sjvm.kubelet.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
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
        objects);
  }

  private static ServiceAddress service(String namespace, String name, String ip, Port port) {
    return new ServiceAddress(namespace, name, ip, List.of(port));
  }
}
