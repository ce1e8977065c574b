package org.k3sjvm.kubelet.env;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Variables that tell a container where services are.
 *
 * <p>Source: Kubernetes v1.36 pkg/kubelet/envvars/envvars.go.
 */
public final class ServiceEnv {
  private static final String MASTER_NAMESPACE = "default";
  private static final String MASTER = "kubernetes";

  private ServiceEnv() {}

  /**
   * A service that has an address of its own.
   *
   * @param ports in the order of the service
   */
  public record ServiceAddress(String namespace, String name, String ip, List<Port> ports) {
    public ServiceAddress {
      ports = List.copyOf(ports);
    }
  }

  /**
   * A port of a service.
   *
   * @param name may be empty
   * @param protocol {@code TCP}, {@code UDP} or {@code SCTP}
   */
  public record Port(String name, int number, String protocol) {}

  /** The variables for a pod. With links off, only those of the API server. */
  public static Map<String, String> of(
      String namespace, boolean links, Iterable<ServiceAddress> services) {
    Map<String, String> env = new LinkedHashMap<>();
    for (ServiceAddress s : services) {
      if (s.namespace().equals(MASTER_NAMESPACE) && s.name().equals(MASTER)) {
        env.putAll(of(s));
      }
    }
    if (links) {
      for (ServiceAddress s : services) {
        if (s.namespace().equals(namespace)) {
          env.putAll(of(s));
        }
      }
    }
    return env;
  }

  private static Map<String, String> of(ServiceAddress service) {
    Map<String, String> env = new LinkedHashMap<>();
    if (service.ports().isEmpty()) {
      return env;
    }
    String prefix = variable(service.name());
    Port first = service.ports().getFirst();
    env.put(prefix + "_SERVICE_HOST", service.ip());
    env.put(prefix + "_SERVICE_PORT", Integer.toString(first.number()));
    for (Port port : service.ports()) {
      if (!port.name().isEmpty()) {
        env.put(prefix + "_SERVICE_PORT_" + variable(port.name()), Integer.toString(port.number()));
      }
    }
    for (Port port : service.ports()) {
      String protocol = port.protocol().toLowerCase(Locale.ROOT);
      String url = protocol + "://" + bracketed(service.ip()) + ":" + port.number();
      if (port.equals(first)) {
        env.put(prefix + "_PORT", url);
      }
      String each =
          prefix + "_PORT_" + port.number() + "_" + port.protocol().toUpperCase(Locale.ROOT);
      env.put(each, url);
      env.put(each + "_PROTO", protocol);
      env.put(each + "_PORT", Integer.toString(port.number()));
      env.put(each + "_ADDR", service.ip());
    }
    return env;
  }

  private static String variable(String name) {
    return name.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  private static String bracketed(String ip) {
    return ip.indexOf(':') >= 0 ? "[" + ip + "]" : ip;
  }
}
