package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerSecurityContext;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.NamespaceOptions;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.UserNamespace;
import org.k3sjvm.kubelet.env.Environment;
import org.k3sjvm.kubelet.env.ServiceEnv;
import org.k3sjvm.kubelet.env.ServiceEnv.ServiceAddress;
import org.k3sjvm.kubelet.image.ImageException;
import org.k3sjvm.kubelet.pod.ActionResult;
import org.k3sjvm.kubelet.pod.ContainerSpec;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Interrupts;
import org.k3sjvm.kubelet.pod.ObservedSandbox;
import org.k3sjvm.kubelet.pod.PodAction;
import org.k3sjvm.kubelet.pod.PodAddresses;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.translate.ConfigException;
import org.k3sjvm.kubelet.translate.ContainerConfigs;
import org.k3sjvm.kubelet.translate.Security;

/**
 * Image, container, start, hook.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go, startContainer.
 */
final class StartContainer {
  private final Toolbox tools;
  private final CreateSandbox sandboxes;
  private final PodFiles files;
  private final ContainerMounts mounts;
  private final ImageVolumes imageVolumes;
  private final Hooks hooks;

  StartContainer(Toolbox tools, CreateSandbox sandboxes, PodFiles files, Hooks hooks) {
    this.tools = tools;
    this.sandboxes = sandboxes;
    this.files = files;
    this.mounts = new ContainerMounts(tools, sandboxes, files);
    this.imageVolumes = new ImageVolumes(tools);
    this.hooks = hooks;
  }

  ActionResult run(DesiredPod pod, PodAction.StartContainer start, Interrupts interrupts)
      throws InterruptedException, IOException {
    ContainerSpec spec = start.spec();
    pod.target(spec)
        .filter(_ -> start.target().isEmpty())
        .ifPresent(
            t -> {
              throw new ConfigException("unable to find target container \"" + t + "\"");
            });
    PodSandboxConfig sandbox = sandboxes.config(pod, start.sandbox().attempt());
    AtomicReference<Map<String, ImageSpec>> shown = new AtomicReference<>(Map.of());
    interrupts.during(() -> shown.set(imageVolumes.of(pod, spec, sandbox)));
    Image image = image(pod, spec, sandbox, interrupts);
    ContainerConfig config = config(pod, start, new Pulled(image, shown.get()), sandbox);
    interrupts.during(() -> awaitNetwork(pod, start));
    interrupts.during(() -> tools.slots().acquire(Slots.Turn.FINISH));
    ContainerId id;
    try {
      try {
        id = tools.runtime().createContainer(start.sandbox().id(), config, sandbox);
      } catch (CriException e) {
        return failed(pod, spec, "CreateContainerError", e);
      }
      event(pod, spec, PodEvent.normal("Created", "Created container: " + spec.name()));
      try {
        tools.runtime().startContainer(id);
      } catch (CriException e) {
        return failed(pod, spec, "RunContainerError", e);
      }
    } finally {
      tools.slots().release();
    }
    event(pod, spec, PodEvent.normal("Started", "Started container " + spec.name()));
    files.link(pod, spec.name(), id.value(), start.restartCount());
    return new ActionResult.Started(id, postStart(pod, start, id, interrupts));
  }

  /**
   * What was pulled for a container.
   *
   * @param volumes by name of the volume
   */
  private record Pulled(Image own, Map<String, ImageSpec> volumes) {}

  /** Not one packet leaves a pod before the rules for it are in force. */
  private void awaitNetwork(DesiredPod pod, PodAction.StartContainer start)
      throws InterruptedException {
    ObservedSandbox sandbox = start.sandbox();
    tools
        .isolation()
        .network()
        .admit(pod.pod(), sandbox.hostNetwork() ? List.of() : sandbox.ips(), start.ranBefore())
        .ifPresent(
            why -> {
              throw new ConfigException(why);
            });
  }

  private Image image(
      DesiredPod pod, ContainerSpec spec, PodSandboxConfig sandbox, Interrupts interrupts)
      throws InterruptedException {
    AtomicReference<Image> image = new AtomicReference<>();
    try {
      interrupts.during(
          () ->
              image.set(
                  tools
                      .images()
                      .ensure(
                          spec.container(),
                          Optional.of(sandbox),
                          repository -> tools.credentials(pod, repository),
                          e -> event(pod, spec, e))));
    } catch (ImageException e) {
      event(pod, spec, PodEvent.warning("Failed", "Error: " + e.reason()));
      throw e;
    }
    return image.get();
  }

  private ContainerConfig config(
      DesiredPod pod, PodAction.StartContainer start, Pulled images, PodSandboxConfig sandbox)
      throws InterruptedException, IOException {
    Optional<UserNamespace> users = sandbox.linux().securityContext().namespaces().user();
    Container container = start.spec().container();
    Image image = images.own();
    List<String> hostIps = tools.cluster().hostIps();
    List<String> podIps =
        pod.hostNetwork() ? hostIps : PodAddresses.ordered(start.sandbox().ips(), hostIps);
    Map<String, String> env =
        Environment.of(
            pod.pod(),
            container,
            new Environment.Sources(
                services(pod),
                podIps,
                tools.cluster().hostIps(),
                tools.cluster().allocatable().get(),
                tools.cluster().objects(),
                mounts.paths(pod)));
    return ContainerConfigs.of(
        pod,
        container,
        start.restartCount(),
        new ContainerConfigs.Parts(
            ImageSpec.of(image.id(), container.getImage()),
            env,
            mapped(
                mounts.of(pod, container, images.volumes(), podIps, env, start.restartCount()),
                users),
            tools.cgroups().resources(pod, container),
            security(
                Security.of(
                    pod,
                    container,
                    image.user(),
                    new Security.OfNode(
                        tools.isolation().seccompDirectory(),
                        tools.isolation().seccompDefault(),
                        users,
                        mounts.groups(pod))),
                start.target()),
            mounts.devices(pod, container)));
  }

  /** Files keep their owners inside a user namespace. */
  private static List<Mount> mapped(List<Mount> mounts, Optional<UserNamespace> users) {
    return users
        .map(u -> mounts.stream().map(m -> m.withIdMappings(u.uids(), u.gids())).toList())
        .orElse(mounts);
  }

  /** A target lends its processes whatever the pod says of its own. */
  private static ContainerSecurityContext security(
      ContainerSecurityContext own, Optional<ContainerId> target) {
    if (target.isEmpty()) {
      return own;
    }
    NamespaceOptions is = own.namespaces();
    return own.toBuilder()
        .namespaces(
            new NamespaceOptions(is.network(), NamespaceMode.TARGET, is.ipc(), target, is.user()))
        .build();
  }

  private Map<String, String> services(DesiredPod pod) {
    List<ServiceAddress> known =
        tools
            .cluster()
            .services()
            .get()
            .orElseThrow(
                () ->
                    new ConfigException(
                        "services have not yet been read at least once, cannot construct envvars"));
    boolean links = !Boolean.FALSE.equals(pod.pod().getSpec().getEnableServiceLinks());
    return ServiceEnv.of(pod.namespace(), links, known);
  }

  private Optional<String> postStart(
      DesiredPod pod, PodAction.StartContainer start, ContainerId id, Interrupts interrupts)
      throws InterruptedException {
    Container container = start.spec().container();
    LifecycleHandler handler =
        container.getLifecycle() == null ? null : container.getLifecycle().getPostStart();
    if (handler == null) {
      return Optional.empty();
    }
    AtomicReference<Optional<String>> failure = new AtomicReference<>(Optional.empty());
    interrupts.during(
        () ->
            failure.set(
                hooks.run(
                    handler,
                    id,
                    container,
                    pod.hostNetwork() ? tools.cluster().hostIps() : start.sandbox().ips(),
                    Duration.ZERO,
                    e -> tools.output().event(pod, e))));
    failure
        .get()
        .ifPresent(
            _ ->
                event(
                    pod,
                    start.spec(),
                    PodEvent.warning("FailedPostStartHook", "PostStartHook failed")));
    return failure.get();
  }

  private ActionResult failed(DesiredPod pod, ContainerSpec spec, String reason, CriException e) {
    event(pod, spec, PodEvent.warning("Failed", "Error: " + e.detail()));
    return new ActionResult.Failed(reason, e.detail());
  }

  private void event(DesiredPod pod, ContainerSpec spec, PodEvent event) {
    tools.output().event(pod, event.of(spec));
  }
}
