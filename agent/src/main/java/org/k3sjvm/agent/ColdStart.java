package org.k3sjvm.agent;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimSpec;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.join.JoinMemory;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.memory.ApiMemory;
import org.k3sjvm.kube.memory.Key;
import org.k3sjvm.kube.memory.RememberingApi;
import org.k3sjvm.kube.memory.Silence;
import org.k3sjvm.kubelet.source.PodReferences;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node keeps of its servers' answers, so that after a power cut its pods start while no
 * server answers: the settings of the join, its Node and those of its peers, its pods, services,
 * and the objects and tokens that its pods need. In {@code <data>/agent/cold-start}, sealed with
 * the {@linkplain HostKey host's key}.
 */
final class ColdStart implements JoinMemory, Service {
  private static final Logger log = LoggerFactory.getLogger(ColdStart.class);

  private static final Set<Resource<?>> OF_PODS =
      Set.of(
          Resources.PODS,
          Resources.NODES,
          Resources.SERVICES,
          Resources.CONFIG_MAPS,
          Resources.SECRETS,
          Resources.SERVICE_ACCOUNTS,
          Resources.PERSISTENT_VOLUME_CLAIMS,
          Resources.PERSISTENT_VOLUMES,
          Resources.RUNTIME_CLASSES);

  /** Only pods' own needs; the rest goes with the lists that it is on. */
  private static final Set<String> BY_REFERENCE =
      Set.of(
          Resources.CONFIG_MAPS.plural(),
          Resources.SECRETS.plural(),
          Resources.SERVICE_ACCOUNTS.plural(),
          Resources.PERSISTENT_VOLUME_CLAIMS.plural(),
          Resources.PERSISTENT_VOLUMES.plural());

  private static final Key SETTINGS = new Key("join", ObjectName.ofCluster("settings"), "");
  private static final Key REFUSAL = new Key("join", ObjectName.ofCluster("refusal"), "");
  private static final Key CONTACT = new Key("join", ObjectName.ofCluster("contact"), "");
  private static final Duration TIDY = Duration.ofMinutes(10);

  private final ApiMemory memory;
  private final Duration maxAge;
  private final Silence silence;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private volatile boolean refusalTold;

  ColdStart(ApiMemory memory, Duration maxAge, InstantSource clock, Sleeper sleeper) {
    this.memory = memory;
    this.maxAge = maxAge;
    this.silence = new Silence(clock, maxAge);
    this.clock = clock;
    this.sleeper = sleeper;
    contact().ifPresent(silence::answeredBefore);
  }

  /** Empty when the user wants none, or the disk does not allow it. */
  static Optional<ColdStart> open(AgentConfig config, Path nodeFiles) {
    Path directory = config.agentDir().resolve("cold-start");
    try {
      if (config.coldStartMaxAge().isZero()) {
        ApiMemory.erase(directory);
        return Optional.empty();
      }
      ApiMemory memory =
          ApiMemory.open(
              directory, HostKey.seal("cold start", nodeFiles, Path.of("/")), Sleeper.SYSTEM);
      ColdStart coldStart =
          new ColdStart(memory, config.coldStartMaxAge(), InstantSource.system(), Sleeper.SYSTEM);
      coldStart.forgetWhatIsTooOld();
      return Optional.of(coldStart);
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("directory", directory)
          .addKeyValue("reason", e.getMessage())
          .log("nothing is kept for a start without a server");
      return Optional.empty();
    }
  }

  @Override
  public void keep(String settings) {
    memory.keep(SETTINGS, Integer.toHexString(settings.hashCode()), () -> settings);
    memory.forget(REFUSAL);
  }

  @Override
  public void refused() {
    memory.keep(REFUSAL, "refused", () -> clock.instant().toString());
  }

  @Override
  public Optional<String> recall() {
    forgetWhatIsTooOld(); // a clock that was wrong at the start may have been set
    Optional<String> refusal = memory.recall(REFUSAL);
    if (refusal.isPresent()) {
      (refusalTold ? log.atDebug() : log.atWarn())
          .addKeyValue("at", refusal.get())
          .log("a server refused this node, its pods wait until one lets it join again");
      refusalTold = true;
      return Optional.empty();
    }
    return memory.recall(CONTACT).flatMap(_ -> memory.recall(SETTINGS));
  }

  @Override
  public void forget() {
    memory.retain(_ -> false);
  }

  /** A node that heard nothing for so long has no right to what it knows. */
  void forgetWhatIsTooOld() {
    Optional<Instant> contact = contact();
    if (contact.isPresent() && contact.get().plus(maxAge).isBefore(clock.instant())) {
      log.atWarn()
          .addKeyValue("lastAnswer", contact.get())
          .addKeyValue("maxAge", maxAge)
          .log("what the last server said is too old to start with, it is forgotten");
      memory.retain(_ -> false);
    }
  }

  /** The API for what pods need. */
  KubeApi ofPods(KubeApi api) {
    return new RememberingApi(api, memory, OF_PODS, silence, clock);
  }

  /** The API for the nodes of the cluster. */
  KubeApi ofNodes(KubeApi api) {
    return new RememberingApi(api, memory, Set.of(Resources.NODES), silence, clock);
  }

  /** In clusters that are larger than the memory this node's own object has a place. */
  void reserve(String node) {
    memory.reserve(Key.of(Resources.NODES, ObjectName.ofCluster(node)));
  }

  /** The Node object as it was last, for a start while no server answers. */
  Optional<Node> recallNode(String name) {
    silence.assume();
    return recall(Key.of(Resources.NODES, ObjectName.ofCluster(name)), Node.class);
  }

  /** Writes what is to be kept, until interrupted. */
  @Override
  public void run() throws InterruptedException {
    memory.run();
  }

  /**
   * Notes that servers answer, and forgets what no pod needs any more, until interrupted.
   *
   * @param pods of this node; asked for once they are known
   */
  void tidyForEver(Supplier<Collection<Pod>> pods) throws InterruptedException {
    while (true) {
      silence.lastAnswer().ifPresent(this::noteContact);
      sleeper.sleep(TIDY);
      Set<Key> before = memory.keys(); // what pods ask for from now on is not unused
      forgetUnused(pods.get(), before);
    }
  }

  void forgetUnused(Collection<Pod> pods, Set<Key> among) {
    Set<Key> needed = new HashSet<>();
    for (PodReferences.Reference reference : PodReferences.of(pods)) {
      Key key = Key.of(reference.resource(), reference.name());
      needed.add(key);
      if (reference.resource().equals(Resources.PERSISTENT_VOLUME_CLAIMS)) {
        volume(key).ifPresent(needed::add);
      }
    }
    Set<String> uids = new HashSet<>();
    pods.forEach(pod -> uids.add(pod.getMetadata().getUid()));
    memory.retain(key -> !among.contains(key) || isNeeded(key, needed, uids));
  }

  private static boolean isNeeded(Key key, Set<Key> needed, Set<String> uids) {
    return key.kind().equals(Key.TOKENS)
        ? uids.contains(key.more().split(" ", 2)[0])
        : !BY_REFERENCE.contains(key.kind()) || needed.contains(key);
  }

  private Optional<Key> volume(Key claim) {
    return recall(claim, PersistentVolumeClaim.class)
        .map(PersistentVolumeClaim::getSpec)
        .map(PersistentVolumeClaimSpec::getVolumeName)
        .filter(name -> !name.isEmpty())
        .map(name -> Key.of(Resources.PERSISTENT_VOLUMES, ObjectName.ofCluster(name)));
  }

  private <T> Optional<T> recall(Key key, Class<T> type) {
    try {
      return memory.recall(key).map(json -> KubeJson.read(json, type));
    } catch (IllegalArgumentException e) {
      log.atDebug().setCause(e).addKeyValue("key", key).log("what is remembered makes no sense");
      return Optional.empty();
    }
  }

  /** One write an hour at most. */
  void noteContact(Instant at) {
    Instant hour = at.truncatedTo(ChronoUnit.HOURS);
    memory.keep(CONTACT, hour.toString(), at::toString);
  }

  private Optional<Instant> contact() {
    return memory.recall(CONTACT).flatMap(ColdStart::instant);
  }

  private static Optional<Instant> instant(String text) {
    try {
      return Optional.of(Instant.parse(text));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
