package org.k3sjvm.kubelet.node;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.backoff.RetryLog;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.linux.mount.Mounts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Keeps the Node object true: registers it, follows it, reports status, renews the lease.
 *
 * <p>Until the node is ready for the first time, the status is computed every 100 ms; then every 10
 * s, and sent only when it says something new or a report is due.
 */
public final class NodeKeeper implements Service {
  private static final Logger log = LoggerFactory.getLogger(NodeKeeper.class);
  private static final int TRIES = 5;

  /** How often a server that stays away is told of. */
  private static final Duration REMIND = Duration.ofMinutes(1);

  private static final Duration NOT_READY_PERIOD = Duration.ofSeconds(1);
  private static final Duration FAST_START_LASTS = Duration.ofMinutes(2);
  private static final double JITTER = 0.04;

  /** Is there where all controllers are in the unified hierarchy. Source: cgroups(7). */
  private static final Path UNIFIED_CGROUPS = Path.of("/sys/fs/cgroup/cgroup.controllers");

  /** Source: kubelet v1.36 pkg/kubelet/cm, CgroupV1DeprecatedWarning. */
  private static final String CGROUP_V1 =
      "cgroup v1 detected. cgroup v1 support is deprecated and will be removed in a future release."
          + " Please migrate to cgroup v2. More information at"
          + " https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1";

  private final NodeConfig config;
  private final KubeApi api;
  private final NodeEvents events;
  private final InstantSource clock;
  private final RetryLog talk = new RetryLog(REMIND);
  private final Sleeper sleeper;
  private final RandomGenerator random;
  private final MachineFacts machine;
  private final HostObserver observer;
  private final NodeRegistration registration;
  private final NodeLease lease;
  private final Gate<Node> registered = new Gate<>("node registered");
  private final Gate<Node> known = new Gate<>("node known");
  private final Gate<Node> ready = new Gate<>("node ready");
  private final BlockingQueue<Boolean> wishes = new ArrayBlockingQueue<>(1);

  private volatile @Nullable Node latest;
  private volatile Map<String, Quantity> allocatable = Map.of();
  private List<NodeCondition> conditions = List.of();
  private Instant sentAt = Instant.EPOCH;
  private @Nullable NodeStatus sent;

  /**
   * A keeper that has not begun.
   *
   * @throws IOException when the host's facts cannot be read, or the kubelet's directory, whose
   *     disk the node reports, cannot be made
   */
  public NodeKeeper(
      NodeConfig config,
      KubeApi api,
      ContainerRuntime runtime,
      ImageService images,
      Mounts mounts,
      NodeEvents events)
      throws IOException {
    this(
        config,
        api,
        MachineFacts.read(Path.of("/")),
        runtime,
        images,
        mounts,
        events,
        InstantSource.system(),
        Sleeper.SYSTEM,
        RandomGenerator.of("L64X128MixRandom"));
    Files.createDirectories(config.root());
  }

  NodeKeeper(
      NodeConfig config,
      KubeApi api,
      MachineFacts machine,
      ContainerRuntime runtime,
      ImageService images,
      Mounts mounts,
      NodeEvents events,
      InstantSource clock,
      Sleeper sleeper,
      RandomGenerator random) {
    this.config = config;
    this.api = api;
    this.events = events;
    this.clock = clock;
    this.sleeper = sleeper;
    this.random = random;
    this.machine = machine;
    this.observer = new HostObserver(config, machine, runtime, images, mounts, clock);
    this.registration = new NodeRegistration(config, api, sleeper, random);
    this.lease = new NodeLease(config.name(), config.periods().lease(), api, clock, this::latest);
  }

  /** Opens when the server has the node. */
  public Gate<Node> registered() {
    return registered;
  }

  /** Opens when the server has the node, or with the node as it was when no server answers. */
  public Gate<Node> known() {
    return known;
  }

  /** Takes the node as a server had it before, until one answers. Before {@link #run}. */
  public void recall(Node before) {
    latest = before;
    known.open(before);
  }

  /** Opens when the server has been told for the first time that the node is ready. */
  public Gate<Node> ready() {
    return ready;
  }

  /** The node as last seen on the server: labels, taints, podCIDR, addresses. */
  public Optional<Node> latest() {
    return Optional.ofNullable(latest);
  }

  /** What pods may use in all; empty before the first look at the host. */
  public Map<String, Quantity> allocatable() {
    return allocatable;
  }

  /** Looks at the host now instead of at the next turn: something it reports has changed. */
  public void refresh() {
    wishes.offer(true);
  }

  @Override
  public void run() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("node")) {
      events.tell(false, "Starting", "Starting kubelet.");
      if (!Files.exists(UNIFIED_CGROUPS)) {
        events.tell(true, "CgroupV1", CGROUP_V1);
      }
      register();
      tellPressures();
      group.start("lease", this::renewForEver);
      group.start(
          "watch",
          new Reflector<>(
              api,
              Resources.NODES,
              Selection.byField("metadata.name=" + config.name()),
              this::follow));
      group.start("storage", () -> registration.registerStorage(registered.await()));
      group.start("status", this::reportForEver);
      group.await();
    }
  }

  /** Registers with the status as it is now; returns when the server has the node. */
  void register() throws InterruptedException {
    NodeStatus status = compute(Optional.empty(), List.of());
    Node node = registration.register(machine.architecture(), status);
    latest = node;
    sent = null;
    conditions = List.of(); // from now on those that the server has
    tellReboot(node);
    known.open(node);
    registered.open(node);
  }

  /** One turn: look, compute, send if there is something to say. Says whether the node is ready. */
  boolean report() throws InterruptedException {
    for (int attempt = 0; attempt < TRIES; attempt++) {
      try {
        return send();
      } catch (KubeException.NotFound e) {
        log.atWarn()
            .addKeyValue("node", config.name())
            .log("the node was deleted on the server, registering it again");
        register();
      } catch (KubeException e) {
        boolean news = talk.tells(e.statusMessage(), clock.instant());
        log.atLevel(news ? Level.WARN : Level.DEBUG)
            .addKeyValue("node", config.name())
            .addKeyValue("attempt", attempt + 1)
            .addKeyValue("reason", e.statusMessage())
            .log("cannot report the node's status");
        if (attempt == 1 && e instanceof KubeException.Unavailable) {
          api.reconnect();
        }
      }
    }
    return isReady(conditions);
  }

  private boolean send() throws InterruptedException {
    Optional<Node> base = latest();
    if (base.isEmpty()) {
      base = Optional.of(api.get(Resources.NODES, ObjectName.ofCluster(config.name())));
    }
    List<NodeCondition> before =
        conditions.isEmpty()
            ? base.map(Node::getStatus).map(NodeStatus::getConditions).orElse(List.of())
            : conditions;
    NodeStatus status = compute(base, before);
    conditions = status.getConditions();
    tellChanges(before, conditions);
    boolean due =
        Duration.between(sentAt, clock.instant()).compareTo(config.periods().report()) >= 0;
    Optional<JsonNode> patch =
        NodePatches.status(
            base.get(), Optional.ofNullable(sent), status, NodeStatuses.providedIps(config), due);
    if (patch.isPresent()) {
      latest =
          api.patchStatus(
              Resources.NODES,
              ObjectName.ofCluster(config.name()),
              new Patch.Strategic(patch.get()));
      sent = status;
      sentAt = clock.instant();
    }
    boolean isReady = isReady(conditions);
    Node now = latest;
    if (isReady && now != null) {
      ready.open(now);
    }
    return isReady;
  }

  private NodeStatus compute(Optional<Node> base, List<NodeCondition> before)
      throws InterruptedException {
    Observation seen = observer.look();
    NodeStatus status =
        NodeStatuses.of(
            config,
            seen,
            base.map(Node::getStatus).map(NodeStatus::getAddresses).orElse(List.of()),
            before,
            clock.instant());
    allocatable = Map.copyOf(status.getAllocatable());
    return status;
  }

  private void reportForEver() throws InterruptedException {
    Instant fastUntil = clock.instant().plus(FAST_START_LASTS);
    while (true) {
      boolean isReady = report();
      Duration wait =
          isReady
              ? jittered(config.periods().compute())
              : !ready.isOpen() && clock.instant().isBefore(fastUntil)
                  ? config.periods().fastStart()
                  : NOT_READY_PERIOD;
      wishes.poll(wait.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private void renewForEver() throws InterruptedException {
    while (true) {
      lease.renew();
      sleeper.sleep(jittered(config.periods().lease().dividedBy(4)));
    }
  }

  private void follow(ReflectorEvent<Node> event) {
    switch (event) {
      case ReflectorEvent.Added<Node>(Node node) -> latest = node;
      case ReflectorEvent.Modified<Node>(Node node) -> latest = node;
      case ReflectorEvent.Deleted<Node> _ -> {
        latest = null;
        refresh();
      }
      case ReflectorEvent.Synced<Node> _, ReflectorEvent.Recalled<Node> _ -> {}
    }
  }

  private void tellChanges(List<NodeCondition> before, List<NodeCondition> now) {
    for (NodeCondition condition : now) {
      boolean changed =
          NodeConditions.find(before, condition.getType())
              .filter(old -> old.getStatus().equals(condition.getStatus()))
              .isEmpty();
      if (changed) {
        String reason = NodeConditions.eventReason(condition);
        log.atInfo()
            .addKeyValue("node", config.name())
            .addKeyValue("condition", condition.getType())
            .addKeyValue("to", condition.getStatus())
            .addKeyValue("reason", condition.getReason())
            .addKeyValue("message", condition.getMessage())
            .log("node condition changed");
        events.tell(false, reason, "Node " + config.name() + " status is now: " + reason);
      }
    }
  }

  /** Once at the start, as users of {@code kubectl describe node} know it. */
  private void tellPressures() {
    Node node = latest;
    if (node == null || node.getStatus() == null) {
      return;
    }
    node.getStatus().getConditions().stream()
        .filter(c -> c.getType().endsWith("Pressure"))
        .map(NodeConditions::eventReason)
        .forEach(
            reason ->
                events.tell(false, reason, "Node " + config.name() + " status is now: " + reason));
  }

  private void tellReboot(Node node) {
    String old =
        Optional.ofNullable(node.getStatus())
            .map(NodeStatus::getNodeInfo)
            .map(info -> String.valueOf(info.getBootID()))
            .orElse("");
    if (!old.isEmpty() && !old.equals(machine.bootId())) {
      events.tell(
          true,
          "Rebooted",
          "Node " + config.name() + " has been rebooted, boot id: " + machine.bootId());
    }
  }

  private static boolean isReady(List<NodeCondition> conditions) {
    return NodeConditions.find(conditions, NodeConditions.READY)
        .filter(condition -> condition.getStatus().equals("True"))
        .isPresent();
  }

  private Duration jittered(Duration period) {
    return period.plusMillis((long) (period.toMillis() * JITTER * random.nextDouble()));
  }
}
