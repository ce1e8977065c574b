package org.k3sjvm.server.control.node;

import static org.k3sjvm.server.control.cluster.Fields.list;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Partial;
import org.k3sjvm.server.control.cluster.Reconciler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ties a node's password to its Node, so that deleting the Node frees the name. Keys are those of
 * Secrets. Source: k3s v1.36.3 pkg/nodepassword/controller.go.
 */
public final class NodePasswords implements Reconciler<ObjectName> {
  private static final Logger log = LoggerFactory.getLogger(NodePasswords.class);
  private static final String NAMESPACE = "kube-system";
  private static final String SUFFIX = ".node-password.k3s";
  private static final Duration WITHOUT_NODE = Duration.ofMinutes(10);
  private static final Resource<Partial> SECRETS = Partial.of(Resources.SECRETS);

  private final Cluster cluster;
  private final ObjectCache<Partial> secrets;

  public NodePasswords(Cluster cluster) {
    this.cluster = cluster;
    this.secrets = cluster.cache(SECRETS);
  }

  /** The Secret that holds a node's password. */
  public static ObjectName secretOf(String node) {
    return new ObjectName(NAMESPACE, node.toLowerCase(Locale.ROOT) + SUFFIX);
  }

  /** Whether a Secret holds a node's password. */
  public static boolean isPassword(ObjectName secret) {
    return secret.namespace().equals(NAMESPACE) && secret.name().endsWith(SUFFIX);
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<Partial> found = secrets.find(name);
    if (found.isEmpty() || secrets.isDeleting(found.get())) {
      return NO_LATER_LOOK;
    }
    Partial secret = found.get();
    Optional<Node> node =
        cluster.nodes().all().stream()
            .filter(one -> secretOf(one.getMetadata().getName()).equals(name))
            .findFirst();
    if (node.isPresent()) {
      own(secret, node.get());
      return NO_LATER_LOOK;
    }
    return list(secret.getMetadata().getOwnerReferences()).isEmpty()
        ? removeWhenOld(secret)
        : NO_LATER_LOOK; // it goes with its owner
  }

  private void own(Partial secret, Node node) throws InterruptedException {
    boolean owned =
        list(secret.getMetadata().getOwnerReferences()).stream()
            .map(OwnerReference::getUid)
            .anyMatch(Fields.uid(node)::equals);
    if (owned) {
      return;
    }
    ObjectNode body = Fields.guarded(secret);
    body.withObjectProperty("metadata")
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Node")
        .put("name", node.getMetadata().getName())
        .put("uid", Fields.uid(node));
    secrets.wrote(cluster.api().patch(SECRETS, ObjectName.of(secret), Fields.merge(body)));
  }

  private Optional<Duration> removeWhenOld(Partial secret) throws InterruptedException {
    Duration age = Duration.between(Fields.created(secret), cluster.clock().instant());
    if (age.compareTo(WITHOUT_NODE) < 0) {
      return Optional.of(WITHOUT_NODE.minus(age));
    }
    ObjectName name = ObjectName.of(secret);
    try {
      cluster
          .api()
          .delete(
              SECRETS, name, new DeleteRequest(Optional.empty(), Optional.of(Fields.uid(secret))));
      log.atInfo()
          .addKeyValue("secret", name)
          .log("removed the password of a node that never came");
    } catch (KubeException.NotFound e) {
      log.atDebug().addKeyValue("secret", name).log("the password of a node is gone already");
    }
    return NO_LATER_LOOK;
  }
}
