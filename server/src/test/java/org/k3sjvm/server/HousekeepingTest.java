package org.k3sjvm.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.ServiceRanges;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.auth.BootstrapTokens;
import org.k3sjvm.server.store.ObjectStore;

class HousekeepingTest {
  @TempDir Path directory;

  private final ManualTime time = new ManualTime(Instant.parse("2030-01-01T02:00:00Z"));
  private ObjectStore store;
  private Registry registry;

  @BeforeEach
  void open() {
    store = ObjectStore.open(directory.resolve("state.db"));
    registry =
        new Registry(
            store,
            ServiceRanges.of(ControlPlaneConfig.DEFAULT_SERVICE_CIDR),
            time,
            (_, _, _, _) -> {});
    for (String name : List.of("default", "kube-system")) {
      ObjectNode namespace = Trees.object();
      namespace.putObject("metadata").put("name", name);
      registry.create(Target.self(Kinds.NAMESPACE, ""), namespace);
    }
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void eventsGoAfterAnHourAndYoungerOnesStay() {
    event("old", "2030-01-01T00:59:59Z");
    event("young", "2030-01-01T01:00:01Z");

    new Housekeeping(registry, time, time).expireEvents();

    assertThat(registry.list(Kinds.EVENT, "", Selection.ALL))
        .extracting(Meta::name)
        .containsExactly("young");
  }

  @Test
  void bootstrapTokensGoWhenTheirTimeIsOver() {
    secret("over", BootstrapTokens.SECRET_TYPE, "2030-01-01T02:00:00Z");
    secret("soon", BootstrapTokens.SECRET_TYPE, "2030-01-01T02:00:01Z");
    secret("never", BootstrapTokens.SECRET_TYPE, "");
    secret("other", "Opaque", "2030-01-01T02:00:00Z");

    new Housekeeping(registry, time, time).expireTokens();

    assertThat(registry.list(Kinds.SECRET, "", Selection.ALL))
        .extracting(Meta::name)
        .containsExactlyInAnyOrder("soon", "never", "other");
  }

  private void secret(String name, String type, String expiration) {
    ObjectNode secret = Trees.object().put("type", type);
    secret.putObject("metadata").put("name", name);
    secret
        .putObject("data")
        .put("expiration", Base64.getEncoder().encodeToString(expiration.getBytes(UTF_8)));
    registry.create(Target.self(Kinds.SECRET, "kube-system"), secret);
  }

  private void event(String name, String seen) {
    ObjectNode event = Trees.object().put("lastTimestamp", seen);
    event.putObject("metadata").put("name", name);
    event.putObject("involvedObject").put("name", "p");
    registry.create(Target.self(Kinds.EVENT, "default"), event);
  }
}
