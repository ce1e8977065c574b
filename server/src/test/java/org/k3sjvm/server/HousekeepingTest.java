package org.k3sjvm.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Instant;
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
import org.k3sjvm.server.store.ObjectStore;

class HousekeepingTest {
  @TempDir Path directory;

  @Test
  void eventsGoAfterAnHourAndYoungerOnesStay() {
    ManualTime time = new ManualTime(Instant.parse("2030-01-01T02:00:00Z"));
    try (ObjectStore store = ObjectStore.open(directory.resolve("state.db"))) {
      Registry registry =
          new Registry(
              store,
              ServiceRanges.of(ControlPlaneConfig.DEFAULT_SERVICE_CIDR),
              time,
              (_, _, _, _) -> {});
      ObjectNode namespace = Trees.object();
      namespace.putObject("metadata").put("name", "default");
      registry.create(Target.self(Kinds.NAMESPACE, ""), namespace);
      event(registry, "old", "2030-01-01T00:59:59Z");
      event(registry, "young", "2030-01-01T01:00:01Z");

      new Housekeeping(registry, time, time).expireEvents();

      assertThat(registry.list(Kinds.EVENT, "", Selection.ALL))
          .extracting(Meta::name)
          .containsExactly("young");
    }
  }

  private static void event(Registry registry, String name, String seen) {
    ObjectNode event = Trees.object().put("lastTimestamp", seen);
    event.putObject("metadata").put("name", name);
    event.putObject("involvedObject").put("name", "p");
    registry.create(Target.self(Kinds.EVENT, "default"), event);
  }
}
