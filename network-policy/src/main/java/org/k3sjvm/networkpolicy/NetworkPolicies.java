package org.k3sjvm.networkpolicy;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.networkpolicy.PolicyBoard.Outcome;
import org.k3sjvm.networkpolicy.PolicyBoard.Source;
import org.k3sjvm.networkpolicy.PolicyBoard.Work;
import org.k3sjvm.networkpolicy.compile.Changes;
import org.k3sjvm.networkpolicy.compile.Family;
import org.k3sjvm.networkpolicy.compile.PolicyModel;
import org.k3sjvm.networkpolicy.memory.FactsFile;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.PolicyJson;
import org.k3sjvm.networkpolicy.rules.KernelTables;
import org.k3sjvm.networkpolicy.rules.UpstreamLeftovers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the network policies of the cluster in force for this node's pods.
 *
 * <p>What a former agent put in place stands until the policies are known, and is then replaced at
 * one moment. Ending leaves the rules in place. While the cluster has no policy there is no table,
 * and no pod is watched.
 */
public final class NetworkPolicies implements Service {
  private static final Logger log = LoggerFactory.getLogger(NetworkPolicies.class);

  /** How long a new pod waits for its rules. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** How long pods are still followed after the last policy is gone. */
  private static final Duration LINGER = Duration.ofMinutes(5);

  private static final Duration VERIFY_EVERY = Duration.ofSeconds(60);

  private static final Duration REPLACE_EVERY = Duration.ofHours(1);

  private static final Backoff RETRY =
      Backoff.doubling(Duration.ofSeconds(1), Duration.ofSeconds(30));

  private static final int LONGEST_REASON = 500;

  /** Objects of a page: pods of a large cluster are not all in memory at one time. */
  private static final int PAGE = 500;

  /** Ended pods have no addresses any more. */
  private static final Selection LIVE_PODS =
      Selection.byField("status.phase!=Succeeded,status.phase!=Failed");

  private final NetworkPolicyConfig config;
  private final PolicyHost host;
  private final KubeApi api;
  private final PolicyBoard board;
  private final KernelTables tables;
  private final BridgedTraffic bridged;
  private final PolicyMemory memory;
  private final Unconfirmed unconfirmed = new Unconfirmed();
  private final Duration verifyEvery;
  private final InstantSource clock = InstantSource.system();
  private final RandomGenerator random = RandomGenerator.getDefault();

  /**
   * Policies for a node.
   *
   * @param api under an identity that may list pods, namespaces and network policies
   */
  public NetworkPolicies(NetworkPolicyConfig config, PolicyHost host, KubeApi api) {
    this(config, host, api, VERIFY_EVERY);
  }

  NetworkPolicies(NetworkPolicyConfig config, PolicyHost host, KubeApi api, Duration verifyEvery) {
    this.verifyEvery = verifyEvery;
    this.config = config;
    this.host = host;
    this.api = api;
    board = new PolicyBoard(new PolicyModel(config.nodeName(), config.ipv4(), config.ipv6()));
    tables =
        new KernelTables(host.filter(), host.elements(), config.serviceCidrs(), config.nodePorts());
    memory =
        new PolicyMemory(
            new FactsFile(config.memory(), config.nodeName()), board, tables, config.coldStart());
    bridged = new BridgedTraffic(host.sysctls(), config.ipv4(), config.ipv6());
  }

  /** Takes away what an agent that enforced policies left: for a node that shall not. */
  public void disable() throws InterruptedException {
    tables.remove();
  }

  @Override
  public void run() throws InterruptedException {
    unconfirmed.add(memory.recall(clock.instant()));
    try (ServiceGroup group = ServiceGroup.open("network-policy")) {
      group.start(
          "policies", new Reflector<>(api, PolicyJson.POLICIES, Selection.ALL, this::onPolicy));
      group.start("follow", this::follow);
      group.start("kernel", this::keepKernel);
      group.start("memory", memory);
      group.await();
    }
  }

  /**
   * Returns when the policies that select a pod of this node are in force for its addresses; at
   * once when they are already. While they are not known, a container may start again under the
   * rules that hold its pod since a former agent put them in force.
   *
   * @param addresses as the runtime gave them; none for a pod on the node's own network
   * @param ranBefore whether a container has run with these addresses before
   * @throws NotInForceException they are not, after some seconds
   */
  public void admit(Pod pod, List<String> addresses, boolean ranBefore)
      throws InterruptedException {
    PodFacts facts = PodFacts.of(pod, addresses);
    if (facts.addresses().isEmpty()) {
      return;
    }
    Outcome outcome = board.changeAndAwait(model -> model.ownPod(facts), PATIENCE);
    if (outcome == Outcome.IN_FORCE) {
      return;
    }
    boolean selected = board.ask(model -> model.selects(facts));
    boolean lost = memory.isLost();
    switch (Admission.of(outcome, selected, tables.present(), ranBefore, lost)) {
      case FREE -> {}
      case NOT_IN_FORCE ->
          throw new NotInForceException(
              "the network policies that select this pod are not in force yet"
                  + board.trouble().map(t -> ": " + t).orElse(""));
      case NOT_KNOWN ->
          throw new NotInForceException(
              "network policies are not known yet: the API server did not tell them in "
                  + PATIENCE.toSeconds()
                  + " s"
                  + (lost ? ", and those of before are not in " + config.memory() : ""));
      case UNDER_FORMER_RULES ->
          log.atWarn()
              .addKeyValue("pod", facts.name())
              .log("network policies are not known yet: a container starts under the former rules");
      case BEFORE_ANY_POLICY ->
          log.atWarn()
              .addKeyValue("pod", facts.name())
              .log("a pod starts before network policies are known: no policy was in force before");
    }
  }

  /** Forgets a pod whose addresses this node has taken back. */
  public void left(Pod pod) {
    String uid = Objects.requireNonNullElse(pod.getMetadata().getUid(), "");
    board.change(model -> model.removeOwnPod(ObjectName.of(pod), uid));
  }

  private void onPolicy(ReflectorEvent<GenericKubernetesResource> event) {
    switch (event) {
      case ReflectorEvent.Added<GenericKubernetesResource>(var object) -> put(object);
      case ReflectorEvent.Modified<GenericKubernetesResource>(var object) -> put(object);
      case ReflectorEvent.Deleted<GenericKubernetesResource>(var name, var _) ->
          board.change(model -> model.removePolicy(name));
      case ReflectorEvent.Recalled<GenericKubernetesResource> _ -> {}
      case ReflectorEvent.Synced<GenericKubernetesResource> _ -> {
        List<ObjectName> gone = unconfirmed.policiesGone();
        board.change(model -> gone.forEach(model::removePolicy));
        board.known(Source.POLICIES);
      }
    }
  }

  private void put(GenericKubernetesResource object) {
    Policy policy = PolicyJson.read(object);
    unconfirmed.confirmPolicy(policy.name());
    board.change(model -> model.policy(policy));
  }

  /** Pods and namespaces matter while there are policies. */
  private void follow() throws InterruptedException {
    while (true) {
      board.awaitPolicies(true);
      try (ServiceGroup group = ServiceGroup.open("network-policy-pods")) {
        group.start(
            "pods",
            new Reflector<>(
                api, Resources.PODS, LIVE_PODS, PAGE, this::onPod, Reflector.Surroundings.of(api)));
        group.start(
            "namespaces",
            new Reflector<>(api, Resources.NAMESPACES, Selection.ALL, this::onNamespace));
        group.during(this::awaitNoPolicies);
      }
      board.unknown(Source.PODS);
      board.unknown(Source.NAMESPACES);
      board.change(PolicyModel::forgetShown);
    }
  }

  private void awaitNoPolicies() throws InterruptedException {
    do {
      board.awaitPolicies(false);
    } while (board.awaitPolicies(true, LINGER));
  }

  private void onPod(ReflectorEvent<Pod> event) {
    switch (event) {
      case ReflectorEvent.Added<Pod>(Pod pod) -> put(pod);
      case ReflectorEvent.Modified<Pod>(Pod pod) -> put(pod);
      case ReflectorEvent.Deleted<Pod>(var name, var uid) ->
          board.change(model -> model.removePod(name, Objects.requireNonNullElse(uid, "")));
      case ReflectorEvent.Recalled<Pod> _ -> {}
      case ReflectorEvent.Synced<Pod> _ -> {
        List<ObjectName> gone = unconfirmed.podsGone();
        board.change(model -> gone.forEach(name -> model.removePod(name, "")));
        board.known(Source.PODS);
      }
    }
  }

  private void put(Pod pod) {
    PodFacts facts = PodFacts.of(pod);
    unconfirmed.confirmPod(facts.name());
    board.change(model -> model.pod(facts));
  }

  private void onNamespace(ReflectorEvent<Namespace> event) {
    switch (event) {
      case ReflectorEvent.Added<Namespace>(Namespace namespace) -> put(namespace);
      case ReflectorEvent.Modified<Namespace>(Namespace namespace) -> put(namespace);
      case ReflectorEvent.Deleted<Namespace>(var name, var _) ->
          board.change(model -> model.removeNamespace(name.name()));
      case ReflectorEvent.Recalled<Namespace> _ -> {}
      case ReflectorEvent.Synced<Namespace> _ -> {
        List<String> gone = unconfirmed.namespacesGone();
        board.change(model -> gone.forEach(model::removeNamespace));
        board.known(Source.NAMESPACES);
      }
    }
  }

  private void put(Namespace namespace) {
    var meta = namespace.getMetadata();
    unconfirmed.confirmNamespace(meta.getName());
    Map<String, String> labels = Objects.requireNonNullElse(meta.getLabels(), Map.of());
    board.change(model -> model.namespace(meta.getName(), labels));
  }

  private void keepKernel() throws InterruptedException {
    int failures = 0;
    boolean first = true;
    Instant verifyAt = clock.instant();
    Instant replaceAt = clock.instant().plus(REPLACE_EVERY);
    while (true) {
      Duration left = Duration.between(clock.instant(), verifyAt);
      Optional<Work> work = board.await(left);
      try {
        if (work.isPresent()) {
          carryOut(work.get(), first);
          first = false;
        }
        Instant now = clock.instant();
        if (!now.isBefore(verifyAt)) {
          verifyAt = now.plus(verifyEvery);
          verify(!now.isBefore(replaceAt));
          replaceAt = now.isBefore(replaceAt) ? replaceAt : now.plus(REPLACE_EVERY);
        }
        failures = 0;
      } catch (LinuxException e) {
        Duration wait = RETRY.after(failures++, random);
        String reason = brief(String.valueOf(e.getMessage()));
        board.distrust(Optional.of(reason));
        log.atWarn()
            .addKeyValue("reason", reason)
            .addKeyValue("retryIn", wait)
            .log("network policies are not in force as they should be, trying again");
        Sleeper.SYSTEM.sleep(wait);
      }
    }
  }

  /** nft repeats whole lines of its input. */
  private static String brief(String message) {
    return message.length() <= LONGEST_REASON ? message : message.substring(0, LONGEST_REASON);
  }

  private void carryOut(Work work, boolean first) throws InterruptedException {
    switch (work) {
      case Work.Nothing _ -> tables.remove();
      case Work.Whole(var _, var whole) -> {
        bridged.ensure();
        tables.replace(whole);
        log.atInfo()
            .addKeyValue("node", config.nodeName())
            .log("network policies are in force on this node");
      }
      case Work.Some(var _, var changes) -> tables.change(changes);
    }
    board.done(work);
    if (first) {
      new UpstreamLeftovers(host.commands()).remove();
    }
  }

  private void verify(boolean replace) throws InterruptedException {
    Optional<Map<Family, Changes>> whole = board.settled();
    if (whole.isEmpty()) {
      return;
    }
    bridged.ensure();
    boolean intact = tables.intact(whole.get());
    if (!intact) {
      log.atWarn().log("somebody changed the rules of network policies, putting them back");
    }
    if (!intact || replace) {
      board.distrust(Optional.empty());
    }
  }
}
