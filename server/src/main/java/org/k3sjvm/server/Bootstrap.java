package org.k3sjvm.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.tree.Trees;

/** The objects that every cluster has from its first second. Makes what is missing. */
final class Bootstrap {
  private static final String[] NAMESPACES = {
    "default", "kube-system", "kube-public", "kube-node-lease"
  };
  private static final int CLUSTER_CRITICAL = 2_000_000_000;
  private static final int NODE_CRITICAL = 2_000_001_000;
  private static final String NAME = "kubernetes";

  private final Registry registry;
  private final ControlPlaneConfig config;

  private Bootstrap(Registry registry, ControlPlaneConfig config) {
    this.registry = registry;
    this.config = config;
  }

  static void run(Registry registry, ControlPlaneConfig config) {
    Bootstrap bootstrap = new Bootstrap(registry, config);
    for (String name : NAMESPACES) {
      bootstrap.ensure(Kinds.NAMESPACE, "", named(name));
    }
    bootstrap.priority("system-cluster-critical", CLUSTER_CRITICAL);
    bootstrap.priority("system-node-critical", NODE_CRITICAL);
    ObjectNode services = named(NAME);
    services.putObject("spec").putArray("cidrs").add(config.serviceCidr().toString());
    bootstrap.ensure(Kinds.SERVICE_CIDR, "", services);
    bootstrap.service();
    bootstrap.endpoints();
    bootstrap.slice();
  }

  private static ObjectNode named(String name) {
    ObjectNode object = Trees.object();
    object.putObject("metadata").put("name", name);
    return object;
  }

  private void ensure(Kind kind, String namespace, ObjectNode object) {
    String name = Trees.text(object, "metadata", "name");
    if (registry.find(kind, namespace, name).isEmpty()) {
      registry.create(Target.self(kind, namespace), object);
    }
  }

  private void priority(String name, int value) {
    ensure(Kinds.PRIORITY_CLASS, "", named(name).put("value", value));
  }

  /** The API as a service, at the first address of the range. */
  private void service() {
    ObjectNode service = named(NAME);
    Trees.child(service, "metadata", "labels")
        .put("component", "apiserver")
        .put("provider", "kubernetes");
    ObjectNode spec = service.putObject("spec");
    spec.put("clusterIP", config.serviceCidr().at(1).getHostAddress());
    spec.putArray("ports")
        .addObject()
        .put("name", "https")
        .put("port", 443)
        .put("protocol", "TCP")
        .put("targetPort", config.apiPort());
    ensure(Kinds.SERVICE, "default", service);
  }

  private void endpoints() {
    ObjectNode endpoints = named(NAME);
    Trees.child(endpoints, "metadata", "labels")
        .put("endpointslice.kubernetes.io/skip-mirror", "true");
    ObjectNode subset = endpoints.putArray("subsets").addObject();
    subset.putArray("addresses").addObject().put("ip", config.apiAddress().getHostAddress());
    port(subset);
    replace(Kinds.ENDPOINTS, endpoints, "subsets");
  }

  private void slice() {
    ObjectNode slice = named(NAME);
    Trees.child(slice, "metadata", "labels").put("kubernetes.io/service-name", NAME);
    slice.put("addressType", config.apiAddress().getAddress().length == 4 ? "IPv4" : "IPv6");
    ObjectNode endpoint = slice.putArray("endpoints").addObject();
    endpoint.putArray("addresses").add(config.apiAddress().getHostAddress());
    endpoint.putObject("conditions").put("ready", true);
    port(slice);
    replace(Kinds.ENDPOINT_SLICE, slice, "endpoints");
  }

  private void port(ObjectNode holder) {
    holder
        .putArray("ports")
        .addObject()
        .put("name", "https")
        .put("port", config.apiPort())
        .put("protocol", "TCP");
  }

  /** Like ensure, and brings the address up to date when the server moved. */
  private void replace(Kind kind, ObjectNode object, String field) {
    try {
      registry.create(Target.self(kind, "default"), object.deepCopy());
    } catch (ApiException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
      registry.modify(
          kind,
          "default",
          NAME,
          "",
          now -> {
            now.set(field, object.get(field));
            if (object.has("ports")) {
              now.set("ports", object.get("ports"));
            }
            return now;
          });
    }
  }
}
