package org.k3sjvm.serviceproxy.health;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says on a service, once, that somebody else has its health check port. One thread only. Source:
 * kube-proxy v1.36 pkg/proxy/healthcheck/service_health.go.
 */
public final class TakenPorts {
  private static final Logger log = LoggerFactory.getLogger(TakenPorts.class);

  private final KubeApi api;
  private final String node;
  private final InstantSource clock;
  private final Set<ObjectName> told = new HashSet<>();

  public TakenPorts(KubeApi api, String node, InstantSource clock) {
    this.api = api;
    this.node = node;
    this.clock = clock;
  }

  /** Takes the services whose port is taken now; an event that cannot be written is let go. */
  public void tell(Set<ObjectName> taken, Map<ObjectName, HealthServers.Check> checks)
      throws InterruptedException {
    told.retainAll(taken);
    for (ObjectName service : taken) {
      HealthServers.Check check = checks.get(service);
      if (check != null && told.add(service)) {
        try {
          api.create(Resources.EVENTS, event(service, check.port()));
        } catch (KubeException e) {
          log.atDebug().addKeyValue("reason", e.getMessage()).log("an event was not written");
        }
      }
    }
  }

  private Event event(ObjectName service, int port) {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    return new EventBuilder()
        .withNewMetadata()
        .withNamespace(service.namespace())
        .withName(service.name() + "." + Long.toHexString(clock.instant().toEpochMilli()))
        .endMetadata()
        .withNewInvolvedObject()
        .withApiVersion("v1")
        .withKind("Service")
        .withNamespace(service.namespace())
        .withName(service.name())
        .endInvolvedObject()
        .withType("Warning")
        .withReason("FailedToStartServiceHealthcheck")
        .withMessage(
            "node " + node + " failed to start healthcheck on port " + port + ": it is taken")
        .withFirstTimestamp(now)
        .withLastTimestamp(now)
        .withCount(1)
        .withNewSource()
        .withComponent("kube-proxy")
        .withHost(node)
        .endSource()
        .build();
  }
}
