package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.labels;
import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.map;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.Reconciler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the numbered pods of a StatefulSet, and makes the claims of their volumes. */
public final class StatefulSetReconciler implements Reconciler<ObjectName> {
  private static final Logger log = LoggerFactory.getLogger(StatefulSetReconciler.class);

  private final Cluster cluster;
  private final ObjectCache<StatefulSet> sets;
  private final OwnedPods<StatefulSet> pods;

  public StatefulSetReconciler(Cluster cluster) {
    this.cluster = cluster;
    this.sets = cluster.cache(Workload.STATEFUL_SETS);
    this.pods = new OwnedPods<>(cluster, Workload.STATEFUL_SETS, "statefulset-controller");
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<StatefulSet> found = sets.find(name);
    if (found.isEmpty() || sets.isDeleting(found.get())) {
      return NO_LATER_LOOK;
    }
    StatefulSet set = found.get();
    Instant now = cluster.clock().instant();
    String revision = name.name() + "-" + TemplateHash.of(set.template(), 0);
    Map<Integer, Pod> numbered = new TreeMap<>();
    boolean busy = false;
    for (Pod pod : pods.claim(set)) {
      number(set, pod).ifPresent(number -> numbered.put(number, pod));
      // Deleted by us, and the watch has not told yet: the next change brings the next look.
      busy |= pod.getMetadata().getDeletionTimestamp() == null && cluster.pods().isDeleting(pod);
    }
    if (!busy) {
      StatefulPlan plan = StatefulPlan.of(set, numbered, revision, now);
      pods.delete(set, plan.delete());
      List<Pod> wanted = new ArrayList<>();
      for (int number : plan.create()) {
        claimVolumes(set, number);
        wanted.add(podFor(set, number, revision));
      }
      pods.create(set, wanted);
    }
    List<Pod> present = List.copyOf(numbered.values());
    OwnedPods.report(cluster, sets, set, set.status(), status(set, present, revision, now));
    return ReplicaSetReconciler.becomesAvailable(present, set.minReady(), now);
  }

  private static Optional<Integer> number(StatefulSet set, Pod pod) {
    String prefix = set.metadata().getName() + "-";
    String name = pod.getMetadata().getName();
    try {
      return name.startsWith(prefix)
          ? Optional.of(Integer.valueOf(name.substring(prefix.length())))
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private Pod podFor(StatefulSet set, int number, String revision) {
    String name = set.metadata().getName() + "-" + number;
    Pod pod = pods.fromTemplate(set, set.templateCopy());
    pod.getMetadata().setGenerateName(null);
    pod.getMetadata().setName(name);
    Map<String, String> labels = new LinkedHashMap<>(map(pod.getMetadata().getLabels()));
    labels.put("statefulset.kubernetes.io/pod-name", name);
    labels.put("apps.kubernetes.io/pod-index", Integer.toString(number));
    labels.put(DaemonPlan.HASH_LABEL, revision);
    pod.getMetadata().setLabels(labels);
    pod.getSpec().setHostname(name);
    pod.getSpec().setSubdomain(set.spec().serviceName());
    List<Volume> volumes = new ArrayList<>();
    List<String> claimed = new ArrayList<>();
    for (PersistentVolumeClaim template : list(set.spec().volumeClaimTemplates())) {
      Volume volume = new Volume();
      volume.setName(template.getMetadata().getName());
      volume.setPersistentVolumeClaim(
          new PersistentVolumeClaimVolumeSource(claimName(set, template, number), null));
      volumes.add(volume);
      claimed.add(volume.getName());
    }
    list(pod.getSpec().getVolumes()).stream()
        .filter(volume -> !claimed.contains(volume.getName()))
        .forEach(volumes::add);
    pod.getSpec().setVolumes(volumes);
    return pod;
  }

  private static String claimName(StatefulSet set, PersistentVolumeClaim template, int number) {
    return template.getMetadata().getName() + "-" + set.metadata().getName() + "-" + number;
  }

  /** Claims outlive the set, as its default retention policy has it. */
  private void claimVolumes(StatefulSet set, int number) throws InterruptedException {
    for (PersistentVolumeClaim template : list(set.spec().volumeClaimTemplates())) {
      PersistentVolumeClaim claim = new PersistentVolumeClaim();
      ObjectMeta metadata = new ObjectMeta();
      metadata.setNamespace(set.metadata().getNamespace());
      metadata.setName(claimName(set, template, number));
      Map<String, String> labels = new LinkedHashMap<>(labels(template));
      labels.putAll(set.selectorCopy().getMatchLabels());
      metadata.setLabels(labels);
      claim.setMetadata(metadata);
      claim.setSpec(template.getSpec());
      try {
        var _ = cluster.api().create(Resources.PERSISTENT_VOLUME_CLAIMS, claim);
      } catch (KubeException.AlreadyExists e) {
        log.atDebug().addKeyValue("claim", ObjectName.of(claim)).log("exists already");
      }
    }
  }

  private static StatefulSet.Status status(
      StatefulSet set, List<Pod> present, String revision, Instant now) {
    int updated = 0;
    int ready = 0;
    int available = 0;
    for (Pod pod : present) {
      updated += revision.equals(labels(pod).get(DaemonPlan.HASH_LABEL)) ? 1 : 0;
      ready += Pods.isReady(pod) ? 1 : 0;
      available += Pods.isAvailable(pod, set.minReady(), now) ? 1 : 0;
    }
    boolean done = updated == set.wanted() && ready == set.wanted();
    String current = set.status() == null ? null : set.status().currentRevision();
    boolean moved = done || current == null;
    return new StatefulSet.Status(
        present.size(),
        ready,
        available,
        moved ? updated : present.size() - updated,
        updated,
        moved ? revision : current,
        revision,
        set.generation());
  }
}
