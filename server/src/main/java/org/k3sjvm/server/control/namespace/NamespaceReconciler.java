package org.k3sjvm.server.control.namespace;

import static org.k3sjvm.server.control.cluster.Fields.list;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.Partial;
import org.k3sjvm.server.control.cluster.Reconciler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the default service account and the cluster's CA into each namespace, and empties one that
 * is being deleted before it lets go of it.
 */
public final class NamespaceReconciler implements Reconciler<ObjectName> {
  /** Those that exist in every cluster. */
  public static final List<String> OF_THE_SYSTEM =
      List.of("default", "kube-system", "kube-public", "kube-node-lease");

  private static final Logger log = LoggerFactory.getLogger(NamespaceReconciler.class);
  private static final String FINALIZER = "kubernetes";
  private static final String CA_CONFIG_MAP = "kube-root-ca.crt";
  private static final String CA_KEY = "ca.crt";
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

  private final Cluster cluster;
  private final List<Resource<Partial>> kinds;
  private final Supplier<String> caPem;

  /**
   * The reconciler.
   *
   * @param kinds every kind whose objects live in namespaces
   * @param caPem what clients inside pods trust
   */
  public NamespaceReconciler(
      Cluster cluster, List<Resource<Partial>> kinds, Supplier<String> caPem) {
    this.cluster = cluster;
    this.kinds = kinds.stream().filter(Resource::namespaced).toList();
    this.caPem = caPem;
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<Namespace> found = cluster.namespaces().find(name);
    if (found.isEmpty()) {
      if (OF_THE_SYSTEM.contains(name.name())) {
        createNamespace(name.name());
      }
      return NO_LATER_LOOK;
    }
    if (cluster.namespaces().isDeleting(found.get())) {
      return empty(found.get());
    }
    furnish(name.name());
    return NO_LATER_LOOK;
  }

  private void createNamespace(String name) throws InterruptedException {
    Namespace namespace = new Namespace();
    ObjectMeta metadata = new ObjectMeta();
    metadata.setName(name);
    metadata.setLabels(Map.of("kubernetes.io/metadata.name", name));
    namespace.setMetadata(metadata);
    try {
      cluster.namespaces().wrote(cluster.api().create(Resources.NAMESPACES, namespace));
    } catch (KubeException.AlreadyExists e) {
      log.atDebug().addKeyValue("namespace", name).log("a system namespace exists already");
    }
  }

  private void furnish(String namespace) throws InterruptedException {
    ObjectName account = new ObjectName(namespace, "default");
    if (cluster.api().find(Partial.of(Resources.SERVICE_ACCOUNTS), account).isEmpty()) {
      ServiceAccount created = new ServiceAccount();
      created.setMetadata(metadata(account));
      create(Resources.SERVICE_ACCOUNTS, created);
    }
    ObjectName name = new ObjectName(namespace, CA_CONFIG_MAP);
    Map<String, String> wanted = Map.of(CA_KEY, caPem.get());
    Optional<ConfigMap> present = cluster.api().find(Resources.CONFIG_MAPS, name);
    if (present.isEmpty()) {
      ConfigMap created = new ConfigMap();
      created.setMetadata(metadata(name));
      created.setData(wanted);
      create(Resources.CONFIG_MAPS, created);
    } else if (!wanted.equals(present.get().getData())) {
      ObjectNode body = KubeJson.newObject();
      body.putObject("data").put(CA_KEY, caPem.get());
      var _ = cluster.api().patch(Resources.CONFIG_MAPS, name, Fields.merge(body));
    }
  }

  private <T extends io.fabric8.kubernetes.api.model.HasMetadata> void create(
      Resource<T> resource, T object) throws InterruptedException {
    try {
      var _ = cluster.api().create(resource, object);
    } catch (KubeException.AlreadyExists e) {
      log.atDebug().addKeyValue("object", ObjectName.of(object)).log("exists already");
    }
  }

  private static ObjectMeta metadata(ObjectName name) {
    ObjectMeta metadata = new ObjectMeta();
    metadata.setNamespace(name.namespace());
    metadata.setName(name.name());
    return metadata;
  }

  private Optional<Duration> empty(Namespace namespace) throws InterruptedException {
    String name = namespace.getMetadata().getName();
    int remaining = 0;
    for (Resource<Partial> kind : kinds) {
      for (Partial object :
          cluster.api().list(kind, ListRequest.newest(Selection.inNamespace(name))).items()) {
        remaining++;
        delete(kind, object);
      }
    }
    if (remaining > 0) {
      log.atDebug()
          .addKeyValue("namespace", name)
          .addKeyValue("remaining", remaining)
          .log("a namespace still has content");
      return Optional.of(LOOK_AGAIN);
    }
    letGo(namespace);
    return NO_LATER_LOOK;
  }

  private void delete(Resource<Partial> kind, Partial object) throws InterruptedException {
    if (object.getMetadata().getDeletionTimestamp() != null) {
      return;
    }
    try {
      cluster
          .api()
          .delete(
              kind,
              ObjectName.of(object),
              new DeleteRequest(Optional.empty(), Optional.of(Fields.uid(object))));
    } catch (KubeException.NotFound | KubeException.Conflict e) {
      log.atDebug()
          .addKeyValue("kind", kind)
          .addKeyValue("object", ObjectName.of(object))
          .log("content of a namespace is gone already");
    }
  }

  private void letGo(Namespace namespace) throws InterruptedException {
    String name = namespace.getMetadata().getName();
    List<String> finalizers =
        namespace.getSpec() == null ? List.of() : list(namespace.getSpec().getFinalizers());
    if (!finalizers.contains(FINALIZER)) {
      return; // somebody else's finalizer holds it
    }
    ObjectNode body = KubeJson.tree(namespace);
    body.put("apiVersion", "v1").put("kind", "Namespace");
    var kept = body.putObject("spec").putArray("finalizers");
    finalizers.stream().filter(one -> !one.equals(FINALIZER)).forEach(kept::add);
    try {
      var _ =
          cluster
              .api()
              .post(Resources.NAMESPACES.path(ObjectName.ofCluster(name)) + "/finalize", body);
      log.atInfo().addKeyValue("namespace", name).log("namespace emptied and removed");
    } catch (KubeException.NotFound e) {
      log.atDebug().addKeyValue("namespace", name).log("namespace is gone already");
    }
  }
}
