package org.k3sjvm.serviceproxy;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** JSON of services and slices. */
final class Objects {
  private static final AtomicInteger VERSION = new AtomicInteger();

  private Objects() {}

  /** A service at port 80 of TCP and UDP; {@code more} is put into its spec. */
  static String service(String name, String clusterIps, String more) {
    List<String> all = List.of(clusterIps.split(",", -1));
    String ips = all.stream().map(Objects::quoted).collect(Collectors.joining(","));
    return """
        {"metadata": {"namespace": "default", "name": "%s", "uid": "u", "resourceVersion": "%d"},
         "spec": {"clusterIP": %s, "clusterIPs": [%s],
           "ports": [
             {"name": "t", "protocol": "TCP", "port": 80%s},
             {"name": "u", "protocol": "UDP", "port": 80%s}
           ]%s}%s}
        """
        .formatted(
            name,
            VERSION.incrementAndGet(),
            quoted(all.getFirst()),
            ips,
            nodePort(more),
            nodePort(more),
            more.isEmpty() || more.startsWith("nodePort") ? after(more) : ", " + specPart(more),
            status(more));
  }

  /** Endpoints at port 8080; each {@code address[@node][!notready][~terminating][#zone]}. */
  static String slice(String service, String... endpoints) {
    boolean ipv6 = endpoints.length > 0 && endpoints[0].contains(":");
    return """
        {"metadata": {"namespace": "default", "name": "%s%s", "uid": "u", "resourceVersion": "%d",
           "labels": {"kubernetes.io/service-name": "%s"}},
         "addressType": "%s",
         "ports": [{"name": "t", "protocol": "TCP", "port": 8080},
                   {"name": "u", "protocol": "UDP", "port": 8080}],
         "endpoints": [%s]}
        """
        .formatted(
            service,
            ipv6 ? "-v6" : "",
            VERSION.incrementAndGet(),
            service,
            ipv6 ? "IPv6" : "IPv4",
            Arrays.stream(endpoints).map(Objects::endpoint).collect(Collectors.joining(",")));
  }

  private static String endpoint(String text) {
    String address = text.replaceFirst("[@!~#].*", "");
    String node =
        text.contains("@") ? text.replaceFirst(".*@", "").replaceFirst("[!~#].*", "") : "n1";
    boolean terminating = text.contains("~");
    String zone = text.contains("#") ? text.replaceFirst(".*#", "") : "";
    return """
        {"addresses": ["%s"], "nodeName": "%s",
         "conditions": {"ready": %b, "serving": %b, "terminating": %b}%s}
        """
        .formatted(
            address,
            node,
            !terminating && !text.contains("!"),
            !text.contains("!"),
            terminating,
            zone.isEmpty() ? "" : ", \"hints\": {\"forZones\": [{\"name\": \"" + zone + "\"}]}");
  }

  private static String nodePort(String more) {
    return more.startsWith("nodePort=")
        ? ", \"nodePort\": " + more.replaceFirst("nodePort=", "").replaceFirst("[;].*", "")
        : "";
  }

  private static String after(String more) {
    if (more.isEmpty()) {
      return "";
    }
    String rest = more.contains(";") ? more.substring(more.indexOf(';') + 1) : "";
    return ", \"type\": \"NodePort\"" + (rest.isEmpty() ? "" : ", " + rest);
  }

  private static String specPart(String more) {
    return more.replaceFirst("\\|.*", "");
  }

  private static String status(String more) {
    return more.contains("|") ? ", \"status\": " + more.replaceFirst(".*\\|", "") : "";
  }

  private static String quoted(String text) {
    return "\"" + text + "\"";
  }
}
