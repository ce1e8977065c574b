import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.k3sjvm.kube.HttpKubeApi;
import org.k3sjvm.kube.KubeClientConfig;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.Kubeconfig;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.linux.filter.FilterElements;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;

/**
 * The services of {@link Services} at a real API server, and the kernel of a host beside whose
 * agent programs them. kube-proxy's table and map of cluster IPs have the names of ours. See
 * services.sh.
 */
class ServicesBeside {
  static final int CALLS_AT_ONCE = 16;

  /** kube-proxy writes once a second at most: changes that come faster wait for that. */
  static final Duration BETWEEN_CHANGES = Duration.ofMillis(1500);

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "fill" -> fill(args[1], Integer.parseInt(args[2]), Integer.parseInt(args[3]));
      case "await" -> await(Integer.parseInt(args[1]));
      case "change" -> change(args[1], Integer.parseInt(args[2]), Integer.parseInt(args[3]));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  static void fill(String kubeconfig, int services, int endpoints) throws Exception {
    try (HttpKubeApi api = api(kubeconfig);
        ExecutorService calls = Executors.newFixedThreadPool(CALLS_AT_ONCE)) {
      List<Future<?>> done = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        create(api, Resources.NAMESPACES, namespace(i));
      }
      for (int i = 0; i < services; i++) {
        int number = i;
        done.add(
            calls.submit(() -> create(api, Resources.SERVICES, Services.service(number))));
        done.add(
            calls.submit(
                () -> create(api, Resources.ENDPOINT_SLICES, Services.slice(number, endpoints))));
      }
      for (Future<?> call : done) {
        call.get();
      }
    }
  }

  static <T extends HasMetadata> T create(HttpKubeApi api, Resource<T> resource, T object)
      throws InterruptedException {
    return api.create(resource, object);
  }

  /** Looks at the kernel until it has the services, and rests while nothing changes there. */
  static void await(int services) {
    try (FilterElements kernel = NetlinkFilterElements.open()) {
      int seen = -1;
      while (true) {
        int generation = kernel.generation();
        if (generation != seen) {
          seen = generation;
          if (Services.count(kernel) >= services) {
            return;
          }
        }
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  /** From the request to the API server until the kernel has another rule set. */
  static void change(String kubeconfig, int endpoints, int changes) throws Exception {
    try (HttpKubeApi api = api(kubeconfig);
        FilterElements kernel = NetlinkFilterElements.open()) {
      List<Double> took = new ArrayList<>();
      for (int i = 0; i < changes; i++) {
        Thread.sleep(BETWEEN_CHANGES);
        EndpointSlice slice = Services.slice(i / 2, i % 2 == 0 ? endpoints - 1 : endpoints);
        int generation = kernel.generation();
        long start = System.nanoTime();
        api.update(Resources.ENDPOINT_SLICES, slice);
        while (kernel.generation() == generation) {
          LockSupport.parkNanos(200_000);
        }
        took.add((System.nanoTime() - start) / 1e6);
      }
      took.sort(Double::compare);
      System.out.printf(
          "median %.1f ms, longest %.1f ms%n", took.get(changes / 2), took.getLast());
    }
  }

  static HttpKubeApi api(String kubeconfig) {
    return new HttpKubeApi(
        Kubeconfig.read(Path.of(kubeconfig)), KubeClientConfig.of("k3sjvm-bench"));
  }

  static Namespace namespace(int number) {
    return KubeJson.read("{\"metadata\": {\"name\": \"ns%d\"}}".formatted(number), Namespace.class);
  }
}
