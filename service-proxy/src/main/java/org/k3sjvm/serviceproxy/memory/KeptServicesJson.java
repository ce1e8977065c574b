package org.k3sjvm.serviceproxy.memory;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.k3sjvm.base.files.KeptFile;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.Protocol;
import org.k3sjvm.serviceproxy.model.ServiceFacts;
import org.k3sjvm.serviceproxy.model.ServiceSpec;
import org.k3sjvm.serviceproxy.model.Slice;

/** Services as text; what is false, zero or empty is left out. */
public final class KeptServicesJson implements KeptFile.Codec<KeptServices> {
  private static final int VERSION = 1;

  @Override
  public String write(KeptServices kept) {
    ServiceFacts facts = kept.facts();
    ObjectNode root = KubeJson.newObject().put("version", VERSION);
    root.put("boot", kept.boot()).put("node", facts.node()).put("zone", facts.zone());
    ArrayNode services = root.putArray("services");
    new TreeMap<>(facts.services())
        .forEach((name, spec) -> write(named(services.addObject(), name), spec));
    ArrayNode slices = root.putArray("slices");
    new TreeMap<>(facts.slices())
        .forEach(
            (name, of) ->
                of.stream()
                    .sorted(Comparator.comparing(Slice::toString))
                    .forEach(slice -> write(named(slices.addObject(), name), slice)));
    return KubeJson.write(root);
  }

  @Override
  public KeptServices read(String text) {
    JsonNode root = KubeJson.read(text, JsonNode.class);
    if (root.path("version").asInt() != VERSION) {
      throw new IllegalArgumentException("not of version " + VERSION);
    }
    Map<ObjectName, ServiceSpec> services = new HashMap<>();
    root.path("services").forEach(service -> services.put(name(service), service(service)));
    Map<ObjectName, List<Slice>> slices = new HashMap<>();
    root.path("slices")
        .forEach(
            slice -> slices.computeIfAbsent(name(slice), _ -> new ArrayList<>()).add(slice(slice)));
    slices.replaceAll((_, of) -> List.copyOf(of));
    return new KeptServices(
        root.path("boot").asText(),
        new ServiceFacts(root.path("node").asText(), root.path("zone").asText(), services, slices));
  }

  private static void write(ObjectNode to, ServiceSpec spec) {
    ArrayNode ports = to.putArray("ports");
    for (ServiceSpec.Port port : spec.ports()) {
      ObjectNode one = ports.addObject().put("protocol", port.protocol().name());
      one.put("name", port.name()).put("port", port.port());
      put(one, "nodePort", port.nodePort());
    }
    put(to, "clusterIps", spec.clusterIps(), KeptServicesJson::text);
    put(to, "externalIps", spec.externalIps(), KeptServicesJson::text);
    put(to, "balancerIps", spec.loadBalancerIps(), KeptServicesJson::text);
    put(to, "sources", spec.sourceRanges(), Cidr::toString);
    put(to, "healthCheckPort", spec.healthCheckPort());
    put(to, "affinitySeconds", spec.affinitySeconds());
    put(to, "internalLocal", spec.internalLocal());
    put(to, "externalLocal", spec.externalLocal());
  }

  private static ServiceSpec service(JsonNode from) {
    List<ServiceSpec.Port> ports = new ArrayList<>();
    for (JsonNode port : from.path("ports")) {
      ports.add(
          new ServiceSpec.Port(
              port.path("name").asText().intern(),
              Protocol.valueOf(port.path("protocol").asText()),
              number(port, "port"),
              number(port, "nodePort")));
    }
    List<Packed> clusterIps = list(from.path("clusterIps"), KeptServicesJson::address);
    if (clusterIps.isEmpty()) {
      throw new IllegalArgumentException("a service without an address");
    }
    return new ServiceSpec(
        ports,
        clusterIps,
        list(from.path("externalIps"), KeptServicesJson::address),
        list(from.path("balancerIps"), KeptServicesJson::address),
        list(from.path("sources"), Cidr::parse),
        number(from, "healthCheckPort"),
        from.path("affinitySeconds").asInt(),
        from.path("internalLocal").asBoolean(),
        from.path("externalLocal").asBoolean());
  }

  private static void write(ObjectNode to, Slice slice) {
    to.put("family", slice.family().name());
    ArrayNode ports = to.putArray("ports");
    for (Slice.Port port : slice.ports()) {
      ObjectNode one = ports.addObject().put("protocol", port.protocol().name());
      one.put("name", port.name()).put("port", port.port());
    }
    ArrayNode endpoints = to.putArray("endpoints");
    for (Slice.Endpoint endpoint : slice.endpoints()) {
      ObjectNode one = endpoints.addObject().put("address", text(endpoint.address()));
      put(one, "ready", endpoint.ready());
      put(one, "serving", endpoint.serving());
      put(one, "terminating", endpoint.terminating());
      put(one, "local", endpoint.local());
      put(one, "nodes", endpoint.hintedNodes(), Function.identity());
      put(one, "zones", endpoint.hintedZones(), Function.identity());
    }
  }

  private static Slice slice(JsonNode from) {
    Family family = Family.valueOf(from.path("family").asText());
    List<Slice.Port> ports = new ArrayList<>();
    for (JsonNode port : from.path("ports")) {
      ports.add(
          new Slice.Port(
              port.path("name").asText().intern(),
              Protocol.valueOf(port.path("protocol").asText()),
              number(port, "port")));
    }
    List<Slice.Endpoint> endpoints = new ArrayList<>();
    for (JsonNode endpoint : from.path("endpoints")) {
      Packed address = address(endpoint.path("address").asText());
      if (address.length() != family.addressBytes()) {
        throw new IllegalArgumentException("no endpoint of " + family + ": " + endpoint);
      }
      endpoints.add(
          new Slice.Endpoint(
              address,
              endpoint.path("ready").asBoolean(),
              endpoint.path("serving").asBoolean(),
              endpoint.path("terminating").asBoolean(),
              endpoint.path("local").asBoolean(),
              list(endpoint.path("nodes"), Function.identity()),
              list(endpoint.path("zones"), Function.identity())));
    }
    return new Slice(family, ports, endpoints);
  }

  private static ObjectNode named(ObjectNode node, ObjectName name) {
    return node.put("namespace", name.namespace()).put("name", name.name());
  }

  private static ObjectName name(JsonNode from) {
    return new ObjectName(from.path("namespace").asText().intern(), from.path("name").asText());
  }

  private static void put(ObjectNode to, String key, boolean value) {
    if (value) {
      to.put(key, true);
    }
  }

  private static void put(ObjectNode to, String key, int value) {
    if (value != 0) {
      to.put(key, value);
    }
  }

  private static <T> void put(ObjectNode to, String key, List<T> values, Function<T, String> text) {
    if (!values.isEmpty()) {
      ArrayNode array = to.putArray(key);
      values.forEach(value -> array.add(text.apply(value)));
    }
  }

  private static <T> List<T> list(JsonNode from, Function<String, T> read) {
    List<T> all = new ArrayList<>();
    from.forEach(one -> all.add(read.apply(one.asText())));
    return all;
  }

  /** Of a port. */
  private static int number(JsonNode from, String key) {
    int number = from.path(key).asInt();
    if (number < 0 || number > 65_535) {
      throw new IllegalArgumentException("no port: " + number);
    }
    return number;
  }

  private static String text(Packed address) {
    return IpAddresses.text(address.toAddress());
  }

  private static Packed address(String text) {
    return Packed.ofAddress(IpAddresses.parse(text));
  }
}
