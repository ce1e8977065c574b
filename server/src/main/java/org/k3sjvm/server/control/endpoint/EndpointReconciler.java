package org.k3sjvm.server.control.endpoint;

import static org.k3sjvm.server.control.cluster.Fields.array;
import static org.k3sjvm.server.control.cluster.Fields.labels;
import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.uid;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.EndpointSubset;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Reconciler;

/** Keeps the EndpointSlices and Endpoints of Services that select pods. Keys are Services. */
public final class EndpointReconciler implements Reconciler<ObjectName> {
  public static final Resource<Endpoints> ENDPOINTS =
      new Resource<>("v1", "endpoints", "Endpoints", Endpoints.class, true);

  /** Names the service of a slice. */
  public static final String SERVICE_LABEL = "kubernetes.io/service-name";

  private static final String MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
  private static final String US = "endpointslice-controller.k8s.io";
  private static final String HEADLESS = "service.kubernetes.io/headless";
  private static final String OLD_MANAGED_BY = "endpoints.kubernetes.io/managed-by";
  private static final String OLD_US = "endpoint-controller";

  private final Cluster cluster;
  private final ObjectCache<Service> services;
  private final ObjectCache<EndpointSlice> slices;
  private final ObjectCache<Endpoints> endpoints;

  public EndpointReconciler(Cluster cluster) {
    this.cluster = cluster;
    this.services = cluster.cache(Resources.SERVICES);
    this.slices = cluster.cache(Resources.ENDPOINT_SLICES);
    this.endpoints = cluster.cache(ENDPOINTS);
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<Service> found = services.find(name);
    if (found.isEmpty() || services.isDeleting(found.get())) {
      for (EndpointSlice slice : present(name)) {
        delete(slice);
      }
      return removeOld(name);
    }
    Service service = found.get();
    if (!Slices.isKept(service)) {
      return NO_LATER_LOOK;
    }
    List<Slices.Content> wanted = Slices.of(service, cluster.pods().in(name.namespace()));
    write(service, wanted);
    writeOld(service, OldEndpoints.of(wanted));
    return NO_LATER_LOOK;
  }

  private List<EndpointSlice> present(ObjectName service) {
    return slices.in(service.namespace()).stream()
        .filter(slice -> service.name().equals(labels(slice).get(SERVICE_LABEL)))
        .filter(slice -> US.equals(labels(slice).get(MANAGED_BY)))
        .filter(slice -> !slices.isDeleting(slice))
        .toList();
  }

  private void write(Service service, List<Slices.Content> wanted) throws InterruptedException {
    List<EndpointSlice> free = new ArrayList<>(present(ObjectName.of(service)));
    for (Slices.Content content : wanted) {
      Optional<EndpointSlice> reused =
          free.stream()
              .filter(slice -> content.family().equals(slice.getAddressType()))
              .findFirst();
      if (reused.isEmpty()) {
        slices.wrote(cluster.api().create(Resources.ENDPOINT_SLICES, slice(service, content)));
      } else {
        free.remove(reused.get());
        update(service, reused.get(), content);
      }
    }
    for (EndpointSlice slice : free) {
      delete(slice);
    }
  }

  private void update(Service service, EndpointSlice slice, Slices.Content content)
      throws InterruptedException {
    if (list(slice.getEndpoints()).equals(content.endpoints())
        && list(slice.getPorts()).equals(content.ports())
        && labels(slice).equals(sliceLabels(service))) {
      return;
    }
    ObjectNode body = Fields.guarded(slice);
    ObjectNode labels = body.withObjectProperty("metadata").putObject("labels");
    labels(slice).keySet().forEach(labels::putNull);
    sliceLabels(service).forEach(labels::put);
    body.set("endpoints", array(content.endpoints()));
    body.set("ports", array(content.ports()));
    slices.wrote(
        cluster.api().patch(Resources.ENDPOINT_SLICES, ObjectName.of(slice), Fields.merge(body)));
  }

  private static EndpointSlice slice(Service service, Slices.Content content) {
    ObjectMeta metadata = new ObjectMeta();
    metadata.setNamespace(service.getMetadata().getNamespace());
    metadata.setGenerateName(service.getMetadata().getName() + "-");
    metadata.setLabels(sliceLabels(service));
    metadata.setOwnerReferences(List.of(Fields.controllerReference(Resources.SERVICES, service)));
    EndpointSlice slice = new EndpointSlice();
    slice.setMetadata(metadata);
    slice.setAddressType(content.family());
    slice.setPorts(content.ports());
    slice.setEndpoints(content.endpoints());
    return slice;
  }

  private static Map<String, String> sliceLabels(Service service) {
    Map<String, String> labels = new LinkedHashMap<>(labels(service));
    labels.put(SERVICE_LABEL, service.getMetadata().getName());
    labels.put(MANAGED_BY, US);
    return withHeadless(service, labels);
  }

  private static Map<String, String> withHeadless(Service service, Map<String, String> labels) {
    if ("None".equals(service.getSpec().getClusterIP())) {
      labels.put(HEADLESS, "");
    } else {
      labels.remove(HEADLESS);
    }
    return labels;
  }

  private void delete(EndpointSlice slice) throws InterruptedException {
    try {
      cluster
          .api()
          .delete(
              Resources.ENDPOINT_SLICES,
              ObjectName.of(slice),
              new DeleteRequest(Optional.empty(), Optional.of(uid(slice))));
      slices.deleted(uid(slice));
    } catch (KubeException.NotFound e) {
      slices.deleted(uid(slice));
    }
  }

  private void writeOld(Service service, List<EndpointSubset> subsets) throws InterruptedException {
    ObjectName name = ObjectName.of(service);
    Map<String, String> labels = withHeadless(service, new LinkedHashMap<>(labels(service)));
    labels.put(OLD_MANAGED_BY, OLD_US);
    Optional<Endpoints> present = endpoints.find(name);
    if (present.isEmpty()) {
      ObjectMeta metadata = new ObjectMeta();
      metadata.setNamespace(name.namespace());
      metadata.setName(name.name());
      metadata.setLabels(labels);
      Endpoints created = new Endpoints();
      created.setMetadata(metadata);
      created.setSubsets(subsets);
      endpoints.wrote(cluster.api().create(ENDPOINTS, created));
      return;
    }
    if (list(present.get().getSubsets()).equals(subsets) && labels(present.get()).equals(labels)) {
      return;
    }
    ObjectNode body = Fields.guarded(present.get());
    ObjectNode newLabels = body.withObjectProperty("metadata").putObject("labels");
    labels(present.get()).keySet().forEach(newLabels::putNull);
    labels.forEach(newLabels::put);
    body.set("subsets", array(subsets));
    endpoints.wrote(cluster.api().patch(ENDPOINTS, name, Fields.merge(body)));
  }

  /** Endpoints have no owner: ours go with the service of their name. */
  private Optional<Duration> removeOld(ObjectName name) throws InterruptedException {
    Optional<Endpoints> present =
        endpoints.find(name).filter(one -> OLD_US.equals(labels(one).get(OLD_MANAGED_BY)));
    if (present.isPresent() && !endpoints.isDeleting(present.get())) {
      try {
        cluster.api().delete(ENDPOINTS, name, DeleteRequest.DEFAULT);
        endpoints.deleted(uid(present.get()));
      } catch (KubeException.NotFound e) {
        endpoints.deleted(uid(present.get()));
      }
    }
    return NO_LATER_LOOK;
  }
}
