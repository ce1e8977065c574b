package org.k3sjvm.kubelet.source;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceSpec;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.kubelet.env.ServiceEnv.Port;
import org.k3sjvm.kubelet.env.ServiceEnv.ServiceAddress;

/** The addresses of services, kept small. Any thread may ask. */
public final class ServiceIndex implements org.k3sjvm.base.lifetime.Service {
  private final Reflector<Service> reflector;
  private final ConcurrentSkipListMap<ObjectName, ServiceAddress> services =
      new ConcurrentSkipListMap<>();
  private volatile boolean synced;

  public ServiceIndex(KubeApi api) {
    reflector = new Reflector<>(api, Resources.SERVICES, Selection.ALL, this::on);
  }

  /** In order of name; empty until they were listed once. */
  public Optional<List<ServiceAddress>> services() {
    return synced ? Optional.of(List.copyOf(services.values())) : Optional.empty();
  }

  @Override
  public void run() throws InterruptedException {
    reflector.run();
  }

  private void on(ReflectorEvent<Service> event) {
    switch (event) {
      case ReflectorEvent.Added<Service>(Service s) -> put(s);
      case ReflectorEvent.Modified<Service>(Service s) -> put(s);
      case ReflectorEvent.Deleted<Service>(ObjectName name, String _) -> services.remove(name);
      case ReflectorEvent.Synced<Service> _, ReflectorEvent.Recalled<Service> _ -> synced = true;
    }
  }

  private void put(Service service) {
    ObjectName name = ObjectName.of(service);
    ServiceSpec spec = service.getSpec();
    String ip = spec == null ? null : spec.getClusterIP();
    if (spec == null || ip == null || ip.isEmpty() || ip.equals("None")) {
      services.remove(name);
      return;
    }
    services.put(
        name,
        new ServiceAddress(
            name.namespace(),
            name.name(),
            ip,
            spec.getPorts().stream()
                .map(
                    p ->
                        new Port(
                            p.getName() == null ? "" : p.getName(),
                            p.getPort(),
                            p.getProtocol() == null ? "TCP" : p.getProtocol()))
                .toList()));
  }
}
