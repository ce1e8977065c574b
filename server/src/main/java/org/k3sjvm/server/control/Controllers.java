package org.k3sjvm.server.control;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Controller;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Partial;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.Reconciler;
import org.k3sjvm.server.control.cluster.Selector;
import org.k3sjvm.server.control.cluster.WorkQueue;
import org.k3sjvm.server.control.endpoint.EndpointReconciler;
import org.k3sjvm.server.control.garbage.GarbageReconciler;
import org.k3sjvm.server.control.namespace.NamespaceReconciler;
import org.k3sjvm.server.control.node.NodeHealth;
import org.k3sjvm.server.control.node.NodePasswords;
import org.k3sjvm.server.control.node.NodeSetup;
import org.k3sjvm.server.control.node.OrphanedPods;
import org.k3sjvm.server.control.schedule.Scheduler;
import org.k3sjvm.server.control.workload.DaemonSet;
import org.k3sjvm.server.control.workload.DaemonSetReconciler;
import org.k3sjvm.server.control.workload.DeploymentReconciler;
import org.k3sjvm.server.control.workload.JobReconciler;
import org.k3sjvm.server.control.workload.ReplicaSetReconciler;
import org.k3sjvm.server.control.workload.StatefulSetReconciler;
import org.k3sjvm.server.control.workload.Workload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the scheduler and all controllers, each on a thread of its own, over shared caches. */
public final class Controllers implements org.k3sjvm.base.lifetime.Service {
  private static final Logger log = LoggerFactory.getLogger(Controllers.class);

  private final Cluster cluster;
  private final ControlConfig config;
  private final List<Controller<?>> controllers = new ArrayList<>();
  private final Scheduler scheduler;

  public Controllers(KubeApi api, ControlConfig config) {
    this(api, config, InstantSource.system());
  }

  Controllers(KubeApi api, ControlConfig config, InstantSource clock) {
    this.cluster = new Cluster(api, clock);
    this.config = config;
    this.scheduler = new Scheduler(cluster);
    nodes();
    namespaces();
    workloads();
    daemons();
    follow(Workload.JOBS, add("jobs", new JobReconciler(cluster)));
    follow(Workload.STATEFUL_SETS, add("stateful-sets", new StatefulSetReconciler(cluster)));
    endpoints();
    garbage();
  }

  @Override
  public void run() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("control")) {
      cluster.follow(group);
      group.start("scheduler", scheduler);
      controllers.forEach(controller -> group.start(controller.name(), controller));
      log.atInfo().addKeyValue("controllers", controllers.size()).log("controllers run");
      group.await();
    }
  }

  private void nodes() {
    var setup =
        add("node-setup", new NodeSetup(cluster, config.podNetworks(), config.cloudController()));
    var health = add("node-health", new NodeHealth(cluster));
    var passwords = add("node-passwords", new NodePasswords(cluster));
    var orphans = add("orphaned-pods", new OrphanedPods(cluster));
    cluster.nodes().onChange(enqueue(setup));
    cluster.nodes().onChange(enqueue(health));
    cluster
        .cache(Resources.LEASES, NodeHealth.NODE_LEASES)
        .onChange(
            change -> health.add(ObjectName.ofCluster(change.newest().getMetadata().getName())));
    cluster.pods().onChange(change -> podOnNode(change, health));
    cluster.pods().onChange(enqueue(orphans));
    cluster.nodes().onChange(change -> nodeCameOrWent(change, passwords, orphans));
    secrets()
        .onChange(
            change -> {
              ObjectName name = ObjectName.of(change.newest());
              if (NodePasswords.isPassword(name)) {
                passwords.add(name);
              }
            });
  }

  private ObjectCache<Partial> secrets() {
    return cluster.cache(Partial.of(Resources.SECRETS));
  }

  /** A pod that arrives on a node may have to leave it again. */
  private static void podOnNode(ObjectCache.Change<Pod> change, WorkQueue<ObjectName> health) {
    String node = change.after().map(Pods::nodeName).orElse("");
    if (!node.isEmpty() && change.before().map(Pods::nodeName).orElse("").isEmpty()) {
      health.add(ObjectName.ofCluster(node));
    }
  }

  private void nodeCameOrWent(
      ObjectCache.Change<Node> change,
      WorkQueue<ObjectName> passwords,
      WorkQueue<ObjectName> orphans) {
    if (change.before().isPresent() && change.after().isPresent()) {
      return;
    }
    String node = change.newest().getMetadata().getName();
    passwords.add(NodePasswords.secretOf(node));
    cluster.pods().all().stream()
        .filter(pod -> Pods.nodeName(pod).equals(node))
        .forEach(pod -> orphans.add(ObjectName.of(pod)));
  }

  private void namespaces() {
    var namespaces = add("namespaces", new NamespaceReconciler(cluster, kinds(), config.caPem()));
    cluster.namespaces().onChange(enqueue(namespaces));
    NamespaceReconciler.OF_THE_SYSTEM.forEach(name -> namespaces.add(ObjectName.ofCluster(name)));
    for (Resource<?> kind : List.of(Resources.SERVICE_ACCOUNTS, Resources.CONFIG_MAPS)) {
      cluster
          .cache(Partial.of(kind))
          .onChange(
              change -> {
                if (change.after().isEmpty()) {
                  namespaces.add(
                      ObjectName.ofCluster(change.newest().getMetadata().getNamespace()));
                }
              });
    }
  }

  private void workloads() {
    var sets = add("replica-sets", new ReplicaSetReconciler(cluster));
    var deployments = add("deployments", new DeploymentReconciler(cluster));
    follow(Workload.REPLICA_SETS, sets);
    cluster.cache(Workload.DEPLOYMENTS).onChange(enqueue(deployments));
    cluster.cache(Workload.REPLICA_SETS).onChange(owner(Workload.DEPLOYMENTS, deployments));
    cluster
        .pods()
        .onChange(
            change -> {
              if (change.after().isEmpty()) { // Recreate waits for the last pod of a set
                grandOwner(change.newest()).ifPresent(deployments::add);
              }
            });
  }

  private void endpoints() {
    var endpoints = add("endpoints", new EndpointReconciler(cluster));
    ObjectCache<Service> services = cluster.cache(Resources.SERVICES);
    services.onChange(enqueue(endpoints));
    cluster
        .pods()
        .onChange(
            change -> {
              for (Service service : services.in(change.newest().getMetadata().getNamespace())) {
                if (selects(service, change.before()) || selects(service, change.after())) {
                  endpoints.add(ObjectName.of(service));
                }
              }
            });
    cluster
        .cache(Resources.ENDPOINT_SLICES)
        .onChange(
            change -> {
              HasMetadata slice = change.newest();
              String name = Fields.labels(slice).get(EndpointReconciler.SERVICE_LABEL);
              if (name != null) {
                endpoints.add(new ObjectName(slice.getMetadata().getNamespace(), name));
              }
            });
    cluster.cache(EndpointReconciler.ENDPOINTS).onChange(enqueue(endpoints));
  }

  private static boolean selects(Service service, Optional<Pod> pod) {
    return pod.isPresent()
        && service.getSpec() != null
        && !Fields.map(service.getSpec().getSelector()).isEmpty()
        && Selector.equalTo(service.getSpec().getSelector()).matches(Fields.labels(pod.get()));
  }

  private void garbage() {
    GarbageReconciler garbage = new GarbageReconciler(cluster, kinds());
    garbage.wire(add("garbage", garbage));
  }

  private void daemons() {
    var daemons = add("daemon-sets", new DaemonSetReconciler(cluster));
    follow(Workload.DAEMON_SETS, daemons);
    cluster
        .nodes()
        .onChange(
            change -> {
              boolean same =
                  change.before().isPresent()
                      && change.after().isPresent()
                      && matters(change.before().get()).equals(matters(change.after().get()));
              if (!same) {
                for (DaemonSet set : cluster.cache(Workload.DAEMON_SETS).all()) {
                  daemons.add(ObjectName.of(set));
                }
              }
            });
  }

  /** What of a node decides whether a daemon runs there. */
  private static List<Object> matters(Node node) {
    return List.of(
        Fields.labels(node),
        node.getSpec() == null ? List.of() : Fields.list(node.getSpec().getTaints()));
  }

  /** Brings a workload into its queue when it or a pod of it changes. */
  private <W extends Workload> void follow(Resource<W> kind, WorkQueue<ObjectName> queue) {
    cluster.cache(kind).onChange(enqueue(queue));
    cluster.pods().onChange(owner(kind, queue));
    cluster.pods().onChange(change -> matching(change, kind, queue));
  }

  private Optional<ObjectName> grandOwner(Pod pod) {
    String namespace = pod.getMetadata().getNamespace();
    return Fields.controllerOf(pod)
        .filter(owner -> owner.getKind().equals(Workload.REPLICA_SETS.kind()))
        .flatMap(
            owner ->
                cluster
                    .cache(Workload.REPLICA_SETS)
                    .find(new ObjectName(namespace, owner.getName())))
        .flatMap(Fields::controllerOf)
        .map(owner -> new ObjectName(namespace, owner.getName()));
  }

  /** Puts the object of a kind that controls the changed one, before or now, into a queue. */
  private static <T extends HasMetadata> Consumer<ObjectCache.Change<T>> owner(
      Resource<?> kind, WorkQueue<ObjectName> queue) {
    return change ->
        Stream.concat(change.before().stream(), change.after().stream())
            .flatMap(
                object ->
                    Fields.controllerOf(object).stream()
                        .filter(owner -> owner.getKind().equals(kind.kind()))
                        .map(
                            owner ->
                                new ObjectName(
                                    object.getMetadata().getNamespace(), owner.getName())))
            .distinct()
            .forEach(queue::add);
  }

  /** A pod that belongs to nobody may be taken in. */
  private <W extends Workload> void matching(
      ObjectCache.Change<Pod> change, Resource<W> kind, WorkQueue<ObjectName> queue) {
    if (change.after().isEmpty() || Fields.controllerOf(change.newest()).isPresent()) {
      return;
    }
    Pod pod = change.newest();
    for (W owner : cluster.cache(kind).in(pod.getMetadata().getNamespace())) {
      if (Selector.of(owner.selector()).matches(Fields.labels(pod))) {
        queue.add(ObjectName.of(owner));
      }
    }
  }

  /** Every kind that the API stores. */
  private static List<Resource<Partial>> kinds() {
    return Kinds.all().stream().filter(kind -> !kind.virtual()).map(Controllers::partial).toList();
  }

  private static Resource<Partial> partial(Kind kind) {
    return Partial.of(kind.apiVersion(), kind.plural(), kind.kind(), kind.namespaced());
  }

  private <K> WorkQueue<K> add(String name, Reconciler<K> reconciler) {
    WorkQueue<K> queue = new WorkQueue<>(cluster.clock());
    controllers.add(new Controller<>(name, queue, reconciler));
    return queue;
  }

  private static <T extends HasMetadata> Consumer<ObjectCache.Change<T>> enqueue(
      WorkQueue<ObjectName> queue) {
    return change -> queue.add(ObjectName.of(change.newest()));
  }
}
