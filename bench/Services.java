import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.linux.filter.FilterElements;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.serviceproxy.ProxyHost;
import org.k3sjvm.serviceproxy.ServiceProxy;
import org.k3sjvm.serviceproxy.ServiceProxyConfig;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.program.ServiceSet;
import org.k3sjvm.serviceproxy.rules.RuleSettings;

/** A service proxy with many services: first program, one change, memory. See services.sh. */
class Services {
  static final FakeKubeApi api = new FakeKubeApi();

  public static void main(String[] args) throws Exception {
    int services = Integer.parseInt(args[0]);
    int endpoints = Integer.parseInt(args[1]);
    int changes = Integer.parseInt(args[2]);
    for (int i = 0; i < services; i++) {
      api.create(Resources.SERVICES, service(i));
      api.create(Resources.ENDPOINT_SLICES, slice(i, endpoints));
    }
    long before = live();
    ServiceProxyConfig config =
        new ServiceProxyConfig(
            "n1",
            List.of(IpAddresses.parse("192.168.1.1")),
            Set.of(Family.IPV4),
            RuleSettings.of(
                List.of(Cidr.parse("10.42.0.0/16")), List.of(Cidr.parse("10.43.0.0/16"))),
            Optional.empty(),
            Optional.empty(),
            Duration.ZERO,
            Duration.ofSeconds(30),
            Optional.empty());
    try (ProxyHost host = ProxyHost.open();
        FilterElements kernel = NetlinkFilterElements.open()) {
      // How long the first program takes is in the line "services programmed": the rest is the
      // API server's stand-in.
      Thread proxy = Thread.ofVirtual().start(() -> run(new ServiceProxy(config, host, api)));
      while (count(kernel) < services) {
        LockSupport.parkNanos(100_000_000);
      }
      List<Double> took = new ArrayList<>();
      for (int i = 0; i < changes; i++) {
        int generation = kernel.generation();
        EndpointSlice slice = slice(i / 2, i % 2 == 0 ? endpoints - 1 : endpoints);
        long start = System.nanoTime();
        api.update(Resources.ENDPOINT_SLICES, slice);
        while (kernel.generation() == generation) {
          LockSupport.parkNanos(50_000);
        }
        took.add((System.nanoTime() - start) / 1e6);
      }
      took.sort(Double::compare);
      System.out.printf(
          "one endpoint more or less: median %.1f ms, p99 %.1f ms%n",
          took.get(changes / 2), took.get(changes * 99 / 100));
      System.out.printf("memory of the proxy: %d KB of heap, %s%n", live() - before, rss());
      proxy.interrupt();
      proxy.join();
    }
  }

  static void run(ServiceProxy proxy) {
    try {
      proxy.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static int count(FilterElements kernel) {
    try {
      return kernel.list(ServiceSet.SERVICE_IPS.in(Family.IPV4)).size();
    } catch (RuntimeException e) {
      return 0; // there is no table yet
    }
  }

  static long live() throws InterruptedException {
    System.gc();
    Thread.sleep(100);
    System.gc();
    return (Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory()) / 1024;
  }

  static String rss() throws Exception {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS"))
        .findFirst()
        .orElse("");
  }

  static Service service(int number) {
    String ip = "10.43." + (number / 250 + 1) + "." + (number % 250 + 1);
    return KubeJson.read(
        """
        {"metadata": {"namespace": "ns%d", "name": "service-%d"},
         "spec": {"clusterIP": "%s", "clusterIPs": ["%s"], "ports": [{"port": 80}]}}
        """
            .formatted(number % 20, number, ip, ip),
        Service.class);
  }

  static EndpointSlice slice(int number, int endpoints) {
    StringBuilder list = new StringBuilder();
    for (int i = 0; i < endpoints; i++) {
      int pod = number * 3 + i;
      list.append(i == 0 ? "" : ",")
          .append(
              """
              {"addresses": ["10.42.%d.%d"], "nodeName": "n%d", "conditions": {"ready": true}}
              """
                  .formatted(pod / 250 % 250, pod % 250 + 1, pod % 100));
    }
    return KubeJson.read(
        """
        {"metadata": {"namespace": "ns%d", "name": "service-%d-abcde",
           "labels": {"kubernetes.io/service-name": "service-%d"}},
         "addressType": "IPv4", "ports": [{"name": "", "port": 8080}], "endpoints": [%s]}
        """
            .formatted(number % 20, number, number, list),
        EndpointSlice.class);
  }
}
