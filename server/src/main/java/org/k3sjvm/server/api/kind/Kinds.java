package org.k3sjvm.server.api.kind;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The kinds that this server knows. */
public final class Kinds {
  private static final Map<String, Kind> BY_RESOURCE = new LinkedHashMap<>();
  private static final Map<String, Kind> BY_KIND = new LinkedHashMap<>();

  private static final String STATUS = "status";

  public static final Kind BINDING = virtual("", "v1", "Binding", "bindings", true);
  public static final Kind CONFIG_MAP = core("ConfigMap", "configmaps", "cm", "", "");
  public static final Kind ENDPOINTS = core("Endpoints", "endpoints", "ep", "", "");
  public static final Kind EVENT = core("Event", "events", "ev", "", "");
  public static final Kind LIMIT_RANGE = core("LimitRange", "limitranges", "limits", "", "");
  public static final Kind NAMESPACE =
      add(new Spec("", "v1", "Namespace", "namespaces", false, "ns", "", "status finalize"));
  public static final Kind NODE =
      add(new Spec("", "v1", "Node", "nodes", false, "no", "", "status proxy"));
  public static final Kind PVC =
      core("PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "", STATUS);
  public static final Kind PV =
      add(new Spec("", "v1", "PersistentVolume", "persistentvolumes", false, "pv", "", STATUS));
  public static final Kind POD =
      core(
          "Pod",
          "pods",
          "po",
          "all",
          "status log exec attach portforward binding eviction ephemeralcontainers resize proxy");
  public static final Kind POD_TEMPLATE = core("PodTemplate", "podtemplates", "", "", "");
  public static final Kind REPLICATION_CONTROLLER =
      core("ReplicationController", "replicationcontrollers", "rc", "all", "status scale");
  public static final Kind RESOURCE_QUOTA =
      core("ResourceQuota", "resourcequotas", "quota", "", STATUS);
  public static final Kind SECRET = core("Secret", "secrets", "", "", "");
  public static final Kind SERVICE_ACCOUNT =
      core("ServiceAccount", "serviceaccounts", "sa", "", "token");
  public static final Kind SERVICE = core("Service", "services", "svc", "all", STATUS);

  public static final Kind CONTROLLER_REVISION =
      spaced("apps", "ControllerRevision", "controllerrevisions", "", "", "");
  public static final Kind DAEMON_SET =
      spaced("apps", "DaemonSet", "daemonsets", "ds", "all", STATUS);
  public static final Kind DEPLOYMENT =
      spaced("apps", "Deployment", "deployments", "deploy", "all", "status scale");
  public static final Kind REPLICA_SET =
      spaced("apps", "ReplicaSet", "replicasets", "rs", "all", "status scale");
  public static final Kind STATEFUL_SET =
      spaced("apps", "StatefulSet", "statefulsets", "sts", "all", "status scale");

  public static final Kind JOB = spaced("batch", "Job", "jobs", "", "all", STATUS);
  public static final Kind CRON_JOB = spaced("batch", "CronJob", "cronjobs", "cj", "all", STATUS);

  public static final Kind LEASE = spaced("coordination.k8s.io", "Lease", "leases", "", "", "");
  public static final Kind ENDPOINT_SLICE =
      spaced("discovery.k8s.io", "EndpointSlice", "endpointslices", "", "", "");

  public static final Kind NETWORK_POLICY =
      spaced("networking.k8s.io", "NetworkPolicy", "networkpolicies", "netpol", "", "");
  public static final Kind INGRESS =
      spaced("networking.k8s.io", "Ingress", "ingresses", "ing", "", STATUS);
  public static final Kind INGRESS_CLASS =
      wide("networking.k8s.io", "IngressClass", "ingressclasses", "", "", "");

  public static final Kind SERVICE_CIDR =
      wide("networking.k8s.io", "ServiceCIDR", "servicecidrs", "", "", STATUS);

  /** Kept as core events; see {@code api.rest.NewerEvents}. */
  public static final Kind NEWER_EVENT = spaced("events.k8s.io", "Event", "events", "", "", "");

  public static final Kind PDB =
      spaced("policy", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", "", STATUS);

  public static final Kind CLUSTER_ROLE =
      wide("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", "", "", "");
  public static final Kind CLUSTER_ROLE_BINDING =
      wide("rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", "", "", "");
  public static final Kind ROLE = spaced("rbac.authorization.k8s.io", "Role", "roles", "", "", "");
  public static final Kind ROLE_BINDING =
      spaced("rbac.authorization.k8s.io", "RoleBinding", "rolebindings", "", "", "");

  public static final Kind RUNTIME_CLASS =
      wide("node.k8s.io", "RuntimeClass", "runtimeclasses", "", "", "");
  public static final Kind PRIORITY_CLASS =
      wide("scheduling.k8s.io", "PriorityClass", "priorityclasses", "pc", "", "");

  public static final Kind CSI_NODE = wide("storage.k8s.io", "CSINode", "csinodes", "", "", "");
  public static final Kind CSI_DRIVER =
      wide("storage.k8s.io", "CSIDriver", "csidrivers", "", "", "");
  public static final Kind STORAGE_CLASS =
      wide("storage.k8s.io", "StorageClass", "storageclasses", "sc", "", "");
  public static final Kind VOLUME_ATTACHMENT =
      wide("storage.k8s.io", "VolumeAttachment", "volumeattachments", "", "", STATUS);
  public static final Kind CSI_STORAGE_CAPACITY =
      spaced("storage.k8s.io", "CSIStorageCapacity", "csistoragecapacities", "", "", "");

  public static final Kind TOKEN_REVIEW =
      virtual("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", false);
  public static final Kind SELF_SUBJECT_REVIEW =
      virtual("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", false);
  public static final Kind SUBJECT_ACCESS_REVIEW =
      virtual("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", false);
  public static final Kind SELF_SUBJECT_ACCESS_REVIEW =
      virtual(
          "authorization.k8s.io",
          "v1",
          "SelfSubjectAccessReview",
          "selfsubjectaccessreviews",
          false);
  public static final Kind LOCAL_SUBJECT_ACCESS_REVIEW =
      virtual(
          "authorization.k8s.io",
          "v1",
          "LocalSubjectAccessReview",
          "localsubjectaccessreviews",
          true);
  public static final Kind SELF_SUBJECT_RULES_REVIEW =
      virtual(
          "authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", false);

  private record Spec(
      String group,
      String version,
      String kind,
      String plural,
      boolean namespaced,
      String shortNames,
      String categories,
      String subresources) {}

  private Kinds() {}

  /** All kinds, core first. */
  public static List<Kind> all() {
    return List.copyOf(BY_RESOURCE.values());
  }

  /** The kind of a path; empty when there is none. */
  public static Optional<Kind> ofResource(String group, String version, String plural) {
    return Optional.ofNullable(BY_RESOURCE.get(group + "/" + plural))
        .filter(kind -> kind.version().equals(version));
  }

  /** The kind that an object names. */
  public static Optional<Kind> ofKind(String apiVersion, String kind) {
    return Optional.ofNullable(BY_KIND.get(apiVersion + "/" + kind));
  }

  /** Group and version pairs, core first, each once. */
  public static List<String> apiVersions() {
    return all().stream().map(Kind::apiVersion).distinct().toList();
  }

  private static Kind core(
      String kind, String plural, String shortNames, String categories, String subresources) {
    return add(new Spec("", "v1", kind, plural, true, shortNames, categories, subresources));
  }

  private static Kind spaced(
      String group, String kind, String plural, String names, String categories, String subs) {
    return add(new Spec(group, "v1", kind, plural, true, names, categories, subs));
  }

  private static Kind wide(
      String group, String kind, String plural, String names, String categories, String subs) {
    return add(new Spec(group, "v1", kind, plural, false, names, categories, subs));
  }

  private static Kind virtual(
      String group, String version, String kind, String plural, boolean namespaced) {
    return register(new Spec(group, version, kind, plural, namespaced, "", "", ""), true);
  }

  private static Kind add(Spec spec) {
    return register(spec, false);
  }

  private static Kind register(Spec spec, boolean virtual) {
    Kind kind =
        new Kind(
            spec.group(),
            spec.version(),
            spec.kind(),
            spec.plural(),
            schemaGroup(spec.group()) + "." + spec.version() + "." + spec.kind(),
            spec.namespaced(),
            words(spec.shortNames()),
            words(spec.categories()),
            Set.copyOf(words(spec.subresources())),
            virtual);
    BY_RESOURCE.put(kind.group() + "/" + kind.plural(), kind);
    BY_KIND.put(kind.apiVersion() + "/" + kind.kind(), kind);
    return kind;
  }

  private static String schemaGroup(String group) {
    return switch (group) {
      case "" -> "core";
      case "rbac.authorization.k8s.io" -> "rbac";
      default -> group.contains(".") ? group.substring(0, group.indexOf('.')) : group;
    };
  }

  private static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    for (String word : text.split(" ", -1)) {
      if (!word.isEmpty()) {
        words.add(word);
      }
    }
    return words;
  }
}
