package org.k3sjvm.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.k3sjvm.base.lifetime.ServiceGroup;

/** The contract against the API server that {@code K3S_KUBECONFIG} leads to. */
@EnabledIfEnvironmentVariable(named = "K3S_KUBECONFIG", matches = ".+")
class RealServerIT extends KubeApiContract {
  private final String namespace = "contract-" + HexFormat.of().toHexDigits(new Random().nextInt());
  private HttpKubeApi api;

  @BeforeEach
  void connect() throws Exception {
    api =
        new HttpKubeApi(
            Kubeconfig.read(Path.of(System.getenv("K3S_KUBECONFIG"))),
            KubeClientConfig.of("contract"));
    api.create(
        Resources.NAMESPACES,
        new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build());
  }

  @AfterEach
  void cleanUp() throws Exception {
    api.delete(Resources.NAMESPACES, ObjectName.ofCluster(namespace), DeleteRequest.DEFAULT);
    api.close();
  }

  @Override
  KubeApi api() {
    return api;
  }

  @Override
  String namespace() {
    return namespace;
  }

  @Test
  void aReflectorFollowsARealServerThroughAReconnect() throws Exception {
    BlockingQueue<ReflectorEvent<io.fabric8.kubernetes.api.model.ServiceAccount>> events =
        new LinkedBlockingQueue<>();
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start(
          "accounts",
          new Reflector<>(
              api,
              Resources.SERVICE_ACCOUNTS,
              new Selection(namespace, "metadata.name=default", ""),
              events::add));
      List<Class<?>> seen =
          List.of(
              events.poll(30, TimeUnit.SECONDS).getClass(),
              events.poll(30, TimeUnit.SECONDS).getClass());
      assertThat(seen)
          .containsExactlyInAnyOrder(ReflectorEvent.Added.class, ReflectorEvent.Synced.class);
      api.reconnect();
      api.patch(
          Resources.SERVICE_ACCOUNTS,
          new ObjectName(namespace, "default"),
          new Patch.Merge(
              KubeJson.read(
                  "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}",
                  com.fasterxml.jackson.databind.JsonNode.class)));
      assertThat(events.poll(30, TimeUnit.SECONDS)).isInstanceOf(ReflectorEvent.Modified.class);
    }
  }

  @Test
  void theServerTellsItsVersion() throws Exception {
    assertThat(api.getText("/version")).contains("gitVersion");
  }
}
