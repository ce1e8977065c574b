package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.k3sjvm.server.api.tree.Trees;

/** Services. */
final class ServiceRules implements Rules {
  /** A client that leaves the address out of a full update keeps it. */
  static void keepAddresses(ObjectNode after, ObjectNode before) {
    ObjectNode spec = Trees.child(after, "spec");
    if (Trees.text(spec, "type").equals("ExternalName")) {
      return;
    }
    String old = Trees.text(before, "spec", "clusterIP");
    if (!old.isEmpty()) {
      Trees.fill(spec, "clusterIP", old);
    }
    for (ObjectNode port : Trees.objects(spec, "ports")) {
      if (!Trees.has(port, "nodePort")) {
        for (ObjectNode was : Trees.objects(before, "spec", "ports")) {
          if (was.path("port").equals(port.path("port"))
              && was.path("protocol").equals(port.path("protocol"))
              && Trees.has(was, "nodePort")) {
            port.set("nodePort", was.get("nodePort"));
          }
        }
      }
    }
  }

  @Override
  public void defaults(ObjectNode service) {
    ObjectNode spec = Trees.child(service, "spec");
    Trees.fill(spec, "type", "ClusterIP");
    Trees.fill(spec, "sessionAffinity", "None");
    String type = Trees.text(spec, "type");
    if (!Trees.has(service, "status", "loadBalancer")) {
      Trees.child(service, "status", "loadBalancer");
    }
    if (type.equals("ExternalName")) {
      return;
    }
    Trees.fill(spec, "internalTrafficPolicy", "Cluster");
    Trees.fill(spec, "ipFamilyPolicy", "SingleStack");
    if (!spec.has("ipFamilies")) {
      spec.putArray("ipFamilies").add("IPv4");
    }
    if (type.equals("NodePort") || type.equals("LoadBalancer")) {
      Trees.fill(spec, "externalTrafficPolicy", "Cluster");
    }
    if (type.equals("LoadBalancer")) {
      Trees.fill(spec, "allocateLoadBalancerNodePorts", true);
    }
    if (Trees.text(spec, "sessionAffinity").equals("ClientIP")) {
      Trees.fill(Trees.child(spec, "sessionAffinityConfig", "clientIP"), "timeoutSeconds", 10800);
    }
    for (ObjectNode port : Trees.objects(spec, "ports")) {
      Trees.fill(port, "protocol", "TCP");
      if (!Trees.has(port, "targetPort") && port.has("port")) {
        port.set("targetPort", port.get("port"));
      }
    }
  }

  @Override
  public void validate(ObjectNode service, Problems problems) {
    String type = Trees.text(service, "spec", "type");
    problems.oneOf("spec.type", type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
    List<ObjectNode> ports = Trees.objects(service, "spec", "ports");
    boolean headless = Trees.text(service, "spec", "clusterIP").equals("None");
    if (ports.isEmpty() && !headless && !type.equals("ExternalName")) {
      problems.required("spec.ports", "");
    }
    if (type.equals("ExternalName") && Trees.text(service, "spec", "externalName").isEmpty()) {
      problems.required("spec.externalName", "");
    }
    for (int i = 0; i < ports.size(); i++) {
      ObjectNode port = ports.get(i);
      String at = "spec.ports[" + i + "]";
      long number = Trees.number(port, "port");
      if (number < 1 || number > 65535) {
        problems.invalid(
            at + ".port", Long.toString(number), "must be between 1 and 65535, inclusive");
      }
      problems.oneOf(at + ".protocol", Trees.text(port, "protocol"), "TCP", "UDP", "SCTP");
      if (ports.size() > 1 && Trees.text(port, "name").isEmpty()) {
        problems.required(at + ".name", "");
      }
    }
    Names.labels("spec.selector", Trees.at(service, "spec", "selector"), problems);
  }

  @Override
  public void validateUpdate(ObjectNode after, ObjectNode before, Problems problems) {
    String was = Trees.text(before, "spec", "clusterIP");
    String now = Trees.text(after, "spec", "clusterIP");
    if (!was.isEmpty()
        && !was.equals(now)
        && !Trees.text(after, "spec", "type").equals("ExternalName")) {
      problems.invalid("spec.clusterIPs[0]", now, "may not change once set");
    }
  }
}
