package org.k3sjvm.kubelet.node;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpecBuilder;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.backoff.RetryLog;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The sign of life that servers watch. Source: kubelet v1.36 k8s.io/component-helpers/apimachinery
 * lease controller.
 */
final class NodeLease {
  private static final Logger log = LoggerFactory.getLogger(NodeLease.class);
  private static final String NAMESPACE = "kube-node-lease";
  private static final int TRIES = 5;

  /** How often a server that stays away is told of. */
  private static final Duration REMIND = Duration.ofMinutes(1);

  private final String nodeName;
  private final Duration duration;
  private final KubeApi api;
  private final InstantSource clock;
  private final Supplier<Optional<Node>> node;
  private final RetryLog talk = new RetryLog(REMIND);
  private @Nullable Lease last;

  NodeLease(
      String nodeName,
      Duration duration,
      KubeApi api,
      InstantSource clock,
      Supplier<Optional<Node>> node) {
    this.nodeName = nodeName;
    this.duration = duration;
    this.api = api;
    this.clock = clock;
    this.node = node;
  }

  /** Renews once, with a few tries; one that fails is made good by the next. */
  void renew() throws InterruptedException {
    String reason = "";
    for (int attempt = 0; attempt < TRIES; attempt++) {
      try {
        last = last == null ? findOrCreate() : api.update(Resources.LEASES, renewed(last));
        return;
      } catch (KubeException.Conflict | KubeException.NotFound e) {
        last = null;
        reason = e.statusMessage();
      } catch (KubeException e) {
        reason = e.statusMessage();
        if (attempt == 1 && e instanceof KubeException.Unavailable) {
          api.reconnect();
        }
      }
    }
    log.atLevel(talk.tells(reason, clock.instant()) ? Level.WARN : Level.DEBUG)
        .addKeyValue("node", nodeName)
        .addKeyValue("reason", reason)
        .log("the node's lease was not renewed");
  }

  private Lease findOrCreate() throws InterruptedException {
    Optional<Lease> present = api.find(Resources.LEASES, new ObjectName(NAMESPACE, nodeName));
    return present.isPresent()
        ? api.update(Resources.LEASES, renewed(present.get()))
        : api.create(Resources.LEASES, renewed(fresh()));
  }

  private Lease fresh() {
    return new LeaseBuilder()
        .withNewMetadata()
        .withName(nodeName)
        .withNamespace(NAMESPACE)
        .endMetadata()
        .withSpec(new LeaseSpecBuilder().withHolderIdentity(nodeName).build())
        .build();
  }

  private Lease renewed(Lease lease) {
    LeaseBuilder renewed = new LeaseBuilder(lease);
    Optional<Node> owner = node.get();
    if (lease.getMetadata().getOwnerReferences().isEmpty() && owner.isPresent()) {
      renewed
          .editMetadata()
          .addNewOwnerReference()
          .withApiVersion("v1")
          .withKind("Node")
          .withName(nodeName)
          .withUid(owner.get().getMetadata().getUid())
          .endOwnerReference()
          .endMetadata();
    }
    return renewed
        .editSpec()
        .withHolderIdentity(nodeName)
        .withLeaseDurationSeconds((int) duration.toSeconds())
        .withRenewTime(ZonedDateTime.ofInstant(clock.instant(), ZoneOffset.UTC))
        .endSpec()
        .build();
  }
}
