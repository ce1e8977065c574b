package org.k3sjvm.serviceproxy.health;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The proxy's health on one address, its figures on another, and for each service with the external
 * policy Local a port where load balancers ask whether this node has endpoints.
 */
public final class HealthServers implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HealthServers.class);
  private static final String ANY_ADDRESS = "::";
  private static final String JSON = "application/json";

  private final ProxyHealth health;
  private final List<String> families;
  private final BooleanSupplier eligible;
  private final ProxyMetrics metrics;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<ObjectName, Integer> localEndpoints = new ConcurrentHashMap<>();

  @GuardedBy("lock")
  private final Map<ObjectName, Asked> asked = new HashMap<>();

  @GuardedBy("lock")
  private final Map<String, SmallHttp> fixed = new TreeMap<>();

  private record Asked(int port, SmallHttp server) {}

  /**
   * A service that balancers ask for.
   *
   * @param port where
   * @param localEndpoints that are ready
   */
  public record Check(int port, int localEndpoints) {}

  /**
   * Servers, none of which listens yet.
   *
   * @param families as the API writes them
   * @param eligible whether the node is to get new connections
   */
  public HealthServers(
      ProxyHealth health, List<String> families, BooleanSupplier eligible, ProxyMetrics metrics) {
    this.metrics = metrics;
    this.health = health;
    this.families = List.copyOf(families);
    this.eligible = eligible;
  }

  /** Serves {@code /healthz} and {@code /livez}; a port that is taken is only logged. */
  public void serveHealth(HostPort address) {
    serve("healthz", address, this::health);
  }

  /** Serves {@code /metrics}, {@code /proxyMode} and {@code /healthz}. */
  public void serveMetrics(HostPort address) {
    serve(
        "metrics",
        address,
        path ->
            switch (path) {
              case "/metrics" ->
                  new SmallHttp.Answer(
                      200, "text/plain; version=0.0.4; charset=utf-8", "", metrics.text());
              case "/proxyMode" -> new SmallHttp.Answer(200, "text/plain", "", "nftables");
              default -> health(path);
            });
  }

  private void serve(String what, HostPort address, Function<String, SmallHttp.Answer> answers) {
    lock.lock();
    try {
      fixed.put(what, SmallHttp.start(address, answers));
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("serving", what)
          .addKeyValue("reason", e.getMessage())
          .log("the service proxy cannot be asked how it is");
    } finally {
      lock.unlock();
    }
  }

  /**
   * Listens for the checks and for no others.
   *
   * @return services whose port is taken by somebody else
   */
  public Set<ObjectName> serve(Map<ObjectName, Check> checks) {
    lock.lock();
    try {
      Map<ObjectName, Asked> gone = new HashMap<>(asked);
      gone.entrySet()
          .removeIf(
              entry ->
                  Optional.ofNullable(checks.get(entry.getKey()))
                      .filter(check -> check.port() == entry.getValue().port())
                      .isPresent());
      gone.forEach(
          (name, there) -> {
            there.server().close();
            asked.remove(name);
            localEndpoints.remove(name);
          });
      checks.forEach(
          (name, check) -> {
            localEndpoints.put(name, check.localEndpoints());
            if (!asked.containsKey(name)) {
              listen(name, check).ifPresent(there -> asked.put(name, there));
            }
          });
      Set<ObjectName> failed = new HashSet<>(checks.keySet());
      failed.removeAll(asked.keySet());
      return failed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      asked.values().stream()
          .sorted(Comparator.comparingInt(Asked::port))
          .forEach(there -> there.server().close());
      fixed.values().forEach(SmallHttp::close);
    } finally {
      lock.unlock();
    }
  }

  private Optional<Asked> listen(ObjectName name, Check check) {
    try {
      SmallHttp server =
          SmallHttp.start(new HostPort(ANY_ADDRESS, check.port()), _ -> serviceHealth(name));
      return Optional.of(new Asked(check.port(), server));
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("namespace", name.namespace())
          .addKeyValue("service", name.name())
          .addKeyValue("reason", e.getMessage())
          .log("load balancers cannot ask for a service's endpoints");
      return Optional.empty();
    }
  }

  private SmallHttp.Answer serviceHealth(ObjectName name) {
    int count = localEndpoints.getOrDefault(name, 0);
    boolean well = health.state().well();
    var body = KubeJson.newObject();
    body.putObject("service").put("namespace", name.namespace()).put("name", name.name());
    body.put("localEndpoints", count).put("serviceProxyHealthy", well);
    return new SmallHttp.Answer(
        count != 0 && well ? 200 : 503,
        JSON,
        "X-Load-Balancing-Endpoint-Weight: " + count + "\r\n",
        KubeJson.write(body));
  }

  private SmallHttp.Answer health(String path) {
    boolean live = path.equals("/livez");
    if (!live && !path.equals("/healthz")) {
      return new SmallHttp.Answer(404, "text/plain", "", "404 page not found\n");
    }
    ProxyHealth.State state = health.state();
    boolean well = state.well() && (live || eligible.getAsBoolean());
    var body = KubeJson.newObject();
    body.put("lastUpdated", state.updated().toString());
    body.put("currentTime", state.now().toString());
    if (!live) {
      body.put("nodeEligible", eligible.getAsBoolean());
    }
    body.put("healthy", well);
    var status = body.putObject("status");
    families.forEach(
        family ->
            status
                .putObject(family)
                .put("lastUpdated", state.updated().toString())
                .put("healthy", state.well()));
    metrics.asked(live ? "livez" : "healthz", well ? 200 : 503);
    return new SmallHttp.Answer(well ? 200 : 503, JSON, "", KubeJson.write(body));
  }
}
