package org.k3sjvm.kube;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;

/** The resources that a node uses. */
public final class Resources {
  public static final Resource<Pod> PODS = new Resource<>("v1", "pods", "Pod", Pod.class, true);
  public static final Resource<Node> NODES =
      new Resource<>("v1", "nodes", "Node", Node.class, false);
  public static final Resource<Service> SERVICES =
      new Resource<>("v1", "services", "Service", Service.class, true);
  public static final Resource<ConfigMap> CONFIG_MAPS =
      new Resource<>("v1", "configmaps", "ConfigMap", ConfigMap.class, true);
  public static final Resource<Secret> SECRETS =
      new Resource<>("v1", "secrets", "Secret", Secret.class, true);
  public static final Resource<ServiceAccount> SERVICE_ACCOUNTS =
      new Resource<>("v1", "serviceaccounts", "ServiceAccount", ServiceAccount.class, true);
  public static final Resource<Event> EVENTS =
      new Resource<>("v1", "events", "Event", Event.class, true);
  public static final Resource<Namespace> NAMESPACES =
      new Resource<>("v1", "namespaces", "Namespace", Namespace.class, false);
  public static final Resource<PersistentVolumeClaim> PERSISTENT_VOLUME_CLAIMS =
      new Resource<>(
          "v1",
          "persistentvolumeclaims",
          "PersistentVolumeClaim",
          PersistentVolumeClaim.class,
          true);
  public static final Resource<PersistentVolume> PERSISTENT_VOLUMES =
      new Resource<>("v1", "persistentvolumes", "PersistentVolume", PersistentVolume.class, false);
  public static final Resource<Lease> LEASES =
      new Resource<>("coordination.k8s.io/v1", "leases", "Lease", Lease.class, true);
  public static final Resource<EndpointSlice> ENDPOINT_SLICES =
      new Resource<>(
          "discovery.k8s.io/v1", "endpointslices", "EndpointSlice", EndpointSlice.class, true);
  public static final Resource<GenericKubernetesResource> CSI_NODES =
      new Resource<>(
          "storage.k8s.io/v1", "csinodes", "CSINode", GenericKubernetesResource.class, false);
  public static final Resource<GenericKubernetesResource> RUNTIME_CLASSES =
      new Resource<>(
          "node.k8s.io/v1",
          "runtimeclasses",
          "RuntimeClass",
          GenericKubernetesResource.class,
          false);

  private Resources() {}
}
