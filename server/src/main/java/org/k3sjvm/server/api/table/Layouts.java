package org.k3sjvm.server.api.table;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** Which columns each kind has. */
final class Layouts {
  private Layouts() {}

  static Columns of(Kind kind) {
    return switch (kind.resource()) {
      case "pods" -> pods();
      case "nodes" -> nodes();
      case "services" -> services();
      case "events" -> events();
      case "namespaces" -> Columns.named().text("Status", Cells.plain("status", "phase")).age();
      case "configmaps" ->
          Columns.named()
              .number("Data", o -> o.path("data").size() + o.path("binaryData").size())
              .age();
      case "secrets" ->
          Columns.named()
              .text("Type", Cells.plain("type"))
              .number("Data", Cells.size("data"))
              .age();
      case "serviceaccounts" -> Columns.named().number("Secrets", Cells.size("secrets")).age();
      case "endpoints" -> Columns.named().text("Endpoints", Cells::endpoints).age();
      case "persistentvolumeclaims" -> claims();
      case "persistentvolumes" -> volumes();
      case "replicationcontrollers", "replicasets.apps" -> replicaSets();
      case "deployments.apps" -> deployments();
      case "statefulsets.apps" -> statefulSets();
      case "daemonsets.apps" -> daemonSets();
      case "jobs.batch" -> jobs();
      case "cronjobs.batch" -> cronJobs();
      case "leases.coordination.k8s.io" ->
          Columns.named().text("Holder", Cells.plain("spec", "holderIdentity")).age();
      case "endpointslices.discovery.k8s.io" ->
          Columns.named()
              .text("AddressType", Cells.plain("addressType"))
              .text("Ports", Cells::slicePorts)
              .text("Endpoints", Cells::sliceEndpoints)
              .age();
      case "ingresses.networking.k8s.io" -> ingresses();
      case "networkpolicies.networking.k8s.io" ->
          Columns.named()
              .text("Pod-Selector", o -> Cells.selector(Trees.at(o, "spec", "podSelector")))
              .age();
      case "priorityclasses.scheduling.k8s.io" ->
          Columns.named()
              .number("Value", Cells.number("value"))
              .text("Global-Default", o -> o.path("globalDefault").asBoolean())
              .age()
              .text("PreemptionPolicy", Cells.plain("preemptionPolicy"));
      case "storageclasses.storage.k8s.io" ->
          Columns.named()
              .text("Provisioner", Cells.plain("provisioner"))
              .text("ReclaimPolicy", Cells.plain("reclaimPolicy"))
              .text("VolumeBindingMode", Cells.plain("volumeBindingMode"))
              .text("AllowVolumeExpansion", o -> o.path("allowVolumeExpansion").asBoolean())
              .age();
      case "csinodes.storage.k8s.io" ->
          Columns.named().number("Drivers", Cells.size("spec", "drivers")).age();
      case "runtimeclasses.node.k8s.io" ->
          Columns.named().text("Handler", Cells.plain("handler")).age();
      case "poddisruptionbudgets.policy" ->
          Columns.named()
              .text("Min Available", o -> orNa(Trees.text(o, "spec", "minAvailable")))
              .text("Max Unavailable", o -> orNa(Trees.text(o, "spec", "maxUnavailable")))
              .number("Allowed Disruptions", Cells.number("status", "disruptionsAllowed"))
              .age();
      case "rolebindings.rbac.authorization.k8s.io",
          "clusterrolebindings.rbac.authorization.k8s.io" ->
          Columns.named()
              .text(
                  "Role",
                  o -> Trees.text(o, "roleRef", "kind") + "/" + Trees.text(o, "roleRef", "name"))
              .age();
      case "roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io" ->
          Columns.named().text("Created At", Cells.plain("metadata", "creationTimestamp"));
      default -> Columns.named().age();
    };
  }

  private static String orNa(String text) {
    return text.isEmpty() ? "N/A" : text;
  }

  private static Columns pods() {
    return Columns.named()
        .text("Ready", PodCells::ready)
        .text("Status", PodCells::status)
        .timed("Restarts", PodCells::restarts)
        .age()
        .wide("IP", Cells.text("status", "podIP"))
        .wide("Node", Cells.text("spec", "nodeName"))
        .wide("Nominated Node", Cells.text("status", "nominatedNodeName"))
        .wide("Readiness Gates", PodCells::gates);
  }

  private static Columns nodes() {
    return Columns.named()
        .text("Status", NodeCells::status)
        .text("Roles", NodeCells::roles)
        .age()
        .text("Version", Cells.plain("status", "nodeInfo", "kubeletVersion"))
        .wide("Internal-IP", node -> NodeCells.address(node, "InternalIP"))
        .wide("External-IP", node -> NodeCells.address(node, "ExternalIP"))
        .wide("OS-Image", unknown("status", "nodeInfo", "osImage"))
        .wide("Kernel-Version", unknown("status", "nodeInfo", "kernelVersion"))
        .wide("Container-Runtime", unknown("status", "nodeInfo", "containerRuntimeVersion"));
  }

  private static java.util.function.Function<ObjectNode, Object> unknown(String... path) {
    return object -> {
      String text = Trees.text(object, path);
      return text.isEmpty() ? "<unknown>" : text;
    };
  }

  private static Columns services() {
    return Columns.named()
        .text("Type", Cells.plain("spec", "type"))
        .text("Cluster-IP", Cells.text("spec", "clusterIP"))
        .text("External-IP", Cells::externalIp)
        .text("Port(s)", Cells::ports)
        .age()
        .wide("Selector", o -> Cells.map(Trees.at(o, "spec", "selector")));
  }

  private static Columns events() {
    return Columns.empty()
        .timed("Last Seen", Layouts::lastSeen)
        .text("Type", Cells.plain("type"))
        .text("Reason", Cells.plain("reason"))
        .text(
            "Object",
            o ->
                Trees.text(o, "involvedObject", "kind").toLowerCase(Locale.ROOT)
                    + "/"
                    + Trees.text(o, "involvedObject", "name"))
        .wide("Subobject", Cells.plain("involvedObject", "fieldPath"))
        .wide("Source", Layouts::eventSource)
        .text("Message", o -> Trees.text(o, "message").strip())
        .wideTimed("First Seen", (o, now) -> eventAge(o, now, "firstTimestamp"))
        .wide("Count", o -> Math.max(1, Trees.number(o, "count")))
        .wide("Name", Meta::name);
  }

  private static Object lastSeen(ObjectNode event, Instant now) {
    if (event.path("series").has("lastObservedTime")) {
      return Ages.since(event, now, "series", "lastObservedTime");
    }
    return eventAge(event, now, "lastTimestamp");
  }

  private static String eventAge(ObjectNode event, Instant now, String field) {
    return Trees.has(event, field)
        ? Ages.since(event, now, field)
        : Ages.since(event, now, "eventTime");
  }

  private static String eventSource(ObjectNode event) {
    String component = Trees.text(event, "source", "component");
    String host = Trees.text(event, "source", "host");
    if (component.isEmpty()) {
      component = Trees.text(event, "reportingComponent");
    }
    return host.isEmpty() ? component : component + ", " + host;
  }

  private static Columns deployments() {
    return Columns.named()
        .text(
            "Ready",
            o ->
                Trees.number(o, "status", "readyReplicas")
                    + "/"
                    + Trees.number(o, "spec", "replicas"))
        .number("Up-to-date", Cells.number("status", "updatedReplicas"))
        .number("Available", Cells.number("status", "availableReplicas"))
        .age()
        .wide("Containers", o -> Cells.names(o, false))
        .wide("Images", o -> Cells.names(o, true))
        .wide("Selector", o -> Cells.selector(Trees.at(o, "spec", "selector")));
  }

  private static Columns replicaSets() {
    return Columns.named()
        .number("Desired", Cells.number("spec", "replicas"))
        .number("Current", Cells.number("status", "replicas"))
        .number("Ready", Cells.number("status", "readyReplicas"))
        .age()
        .wide("Containers", o -> Cells.names(o, false))
        .wide("Images", o -> Cells.names(o, true))
        .wide("Selector", Layouts::anySelector);
  }

  private static String anySelector(ObjectNode object) {
    JsonNode selector = Trees.at(object, "spec", "selector");
    boolean plain = Trees.text(object, "kind").equals("ReplicationController");
    return plain ? Cells.map(selector) : Cells.selector(selector);
  }

  private static Columns statefulSets() {
    return Columns.named()
        .text(
            "Ready",
            o ->
                Trees.number(o, "status", "readyReplicas")
                    + "/"
                    + Trees.number(o, "spec", "replicas"))
        .age()
        .wide("Containers", o -> Cells.names(o, false))
        .wide("Images", o -> Cells.names(o, true));
  }

  private static Columns daemonSets() {
    return Columns.named()
        .number("Desired", Cells.number("status", "desiredNumberScheduled"))
        .number("Current", Cells.number("status", "currentNumberScheduled"))
        .number("Ready", Cells.number("status", "numberReady"))
        .number("Up-to-date", Cells.number("status", "updatedNumberScheduled"))
        .number("Available", Cells.number("status", "numberAvailable"))
        .text(
            "Node Selector",
            o -> Cells.map(Trees.at(o, "spec", "template", "spec", "nodeSelector")))
        .age()
        .wide("Containers", o -> Cells.names(o, false))
        .wide("Images", o -> Cells.names(o, true))
        .wide("Selector", o -> Cells.selector(Trees.at(o, "spec", "selector")));
  }

  private static Columns jobs() {
    return Columns.named()
        .text("Status", Layouts::jobStatus)
        .text(
            "Completions",
            o ->
                Trees.number(o, "status", "succeeded")
                    + "/"
                    + (Trees.has(o, "spec", "completions")
                        ? Trees.text(o, "spec", "completions")
                        : "1 of " + Trees.text(o, "spec", "parallelism")))
        .timed("Duration", Layouts::jobDuration)
        .age()
        .wide("Containers", o -> Cells.names(o, false))
        .wide("Images", o -> Cells.names(o, true))
        .wide("Selector", o -> Cells.selector(Trees.at(o, "spec", "selector")));
  }

  private static String jobStatus(ObjectNode job) {
    for (String type : new String[] {"Complete", "Failed", "Suspended", "FailureTarget"}) {
      if (PodCells.condition(job, type).equals("True")) {
        return type;
      }
    }
    return Meta.deleting(job) ? "Terminating" : "Running";
  }

  private static Object jobDuration(ObjectNode job, Instant now) {
    return Trees.instant(job, "status", "startTime")
        .map(
            start ->
                Ages.human(
                    Duration.between(
                        start, Trees.instant(job, "status", "completionTime").orElse(now))))
        .orElse("");
  }

  private static Columns cronJobs() {
    return Columns.named()
        .text("Schedule", Cells.plain("spec", "schedule"))
        .text("Timezone", Cells.text("spec", "timeZone"))
        .text("Suspend", o -> o.path("spec").path("suspend").asBoolean())
        .number("Active", Cells.size("status", "active"))
        .timed(
            "Last Schedule",
            (o, now) ->
                Trees.has(o, "status", "lastScheduleTime")
                    ? Ages.since(o, now, "status", "lastScheduleTime")
                    : "<none>")
        .age();
  }

  private static Columns ingresses() {
    return Columns.named()
        .text("Class", Cells.text("spec", "ingressClassName"))
        .text(
            "Hosts",
            o -> {
              var hosts =
                  Trees.objects(o, "spec", "rules").stream()
                      .map(rule -> Trees.text(rule, "host"))
                      .map(host -> host.isEmpty() ? "*" : host)
                      .toList();
              return hosts.isEmpty() ? "*" : String.join(",", hosts);
            })
        .text("Address", o -> Trees.text(o.at("/status/loadBalancer/ingress/0"), "ip"))
        .text("Ports", o -> Trees.has(o, "spec", "tls") ? "80, 443" : "80")
        .age();
  }

  private static Columns claims() {
    return Columns.named()
        .text("Status", Cells.plain("status", "phase"))
        .text("Volume", Cells.plain("spec", "volumeName"))
        .text("Capacity", Cells.plain("status", "capacity", "storage"))
        .text("Access Modes", o -> modes(Trees.at(o, "status", "accessModes")))
        .text("StorageClass", Cells.plain("spec", "storageClassName"))
        .age();
  }

  private static Columns volumes() {
    return Columns.named()
        .text("Capacity", Cells.plain("spec", "capacity", "storage"))
        .text("Access Modes", o -> modes(Trees.at(o, "spec", "accessModes")))
        .text("Reclaim Policy", Cells.plain("spec", "persistentVolumeReclaimPolicy"))
        .text("Status", Cells.plain("status", "phase"))
        .text(
            "Claim",
            o ->
                Trees.has(o, "spec", "claimRef")
                    ? Trees.text(o, "spec", "claimRef", "namespace")
                        + "/"
                        + Trees.text(o, "spec", "claimRef", "name")
                    : "")
        .text("StorageClass", Cells.plain("spec", "storageClassName"))
        .age();
  }

  private static String modes(JsonNode modes) {
    StringBuilder text = new StringBuilder();
    for (JsonNode mode : modes) {
      text.append(text.isEmpty() ? "" : ",")
          .append(
              switch (mode.asText()) {
                case "ReadWriteOnce" -> "RWO";
                case "ReadOnlyMany" -> "ROX";
                case "ReadWriteMany" -> "RWX";
                default -> "RWOP";
              });
    }
    return text.toString();
  }
}
