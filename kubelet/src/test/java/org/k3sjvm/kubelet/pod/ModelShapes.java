package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/** Pods of many kinds, made once; a model takes one and changes copies of it. */
final class ModelShapes {
  static final String IMAGE = "busybox:1";

  /** An exit that rules answer with a restart of the container. */
  static final int AGAIN = 42;

  /** An exit that rules answer with a restart of the pod. */
  static final int ALL_AGAIN = 88;

  private static final List<PodSpec> SHAPES =
      IntStream.range(0, 512).mapToObj(i -> shape(new Random(i))).toList();

  private ModelShapes() {}

  static PodSpec spec(int number) {
    return SHAPES.get(Math.floorMod(number, SHAPES.size()));
  }

  /** The pod as the API server would show it. */
  static Pod pod(PodSpec spec, PodStatus status, Optional<Long> deletion) {
    ObjectMeta meta = new ObjectMeta();
    meta.setName("web");
    meta.setNamespace("default");
    meta.setUid("u1");
    deletion.ifPresent(
        grace -> {
          meta.setDeletionTimestamp("2026-01-01T00:00:00Z");
          meta.setDeletionGracePeriodSeconds(grace);
        });
    Pod pod = new Pod();
    pod.setMetadata(meta);
    pod.setSpec(spec);
    pod.setStatus(status);
    return pod;
  }

  /** The same with another image for one container, wherever it stands. */
  static PodSpec edited(PodSpec from, String name, String image) {
    PodSpec spec = copy(from);
    spec.setContainers(edited(from.getContainers(), name, image));
    spec.setInitContainers(edited(from.getInitContainers(), name, image));
    return spec;
  }

  /** The same with one more ephemeral container. */
  static PodSpec debugged(PodSpec from, String name) {
    PodSpec spec = copy(from);
    EphemeralContainer more = new EphemeralContainer();
    more.setName(name);
    more.setImage(IMAGE);
    more.setTargetContainerName(from.getContainers().getFirst().getName());
    List<EphemeralContainer> all = new ArrayList<>(from.getEphemeralContainers());
    all.add(more);
    spec.setEphemeralContainers(all);
    return spec;
  }

  private static List<Container> edited(List<Container> from, String name, String image) {
    return from.stream()
        .map(c -> c.getName().equals(name) ? new ContainerBuilder(c).withImage(image).build() : c)
        .toList();
  }

  private static PodSpec copy(PodSpec from) {
    PodSpec spec = new PodSpec();
    spec.setRestartPolicy(from.getRestartPolicy());
    spec.setTerminationGracePeriodSeconds(from.getTerminationGracePeriodSeconds());
    spec.setActiveDeadlineSeconds(from.getActiveDeadlineSeconds());
    spec.setHostNetwork(from.getHostNetwork());
    spec.setContainers(from.getContainers());
    spec.setInitContainers(from.getInitContainers());
    spec.setEphemeralContainers(from.getEphemeralContainers());
    return spec;
  }

  private static PodSpec shape(Random random) {
    PodSpec spec = new PodSpec();
    spec.setRestartPolicy(List.of("Always", "OnFailure", "Never").get(random.nextInt(3)));
    spec.setTerminationGracePeriodSeconds(List.of(0L, 1L, 10L, 30L, 60L).get(random.nextInt(5)));
    if (random.nextInt(12) == 0) {
      spec.setActiveDeadlineSeconds(30L + random.nextInt(600));
    }
    spec.setHostNetwork(random.nextInt(8) == 0);
    List<Container> init = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      boolean sidecar = random.nextInt(5) < 2;
      init.add(container((sidecar ? "side" : "init") + init.size(), sidecar, random));
    }
    List<Container> regular = new ArrayList<>();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      regular.add(container("app" + regular.size(), false, random));
    }
    spec.setInitContainers(init);
    spec.setContainers(regular);
    return spec;
  }

  private static Container container(String name, boolean sidecar, Random random) {
    ContainerBuilder made = new ContainerBuilder().withName(name).withImage(IMAGE);
    if (sidecar) {
      made.withRestartPolicy("Always");
    } else if (random.nextInt(4) == 0) {
      boolean init = name.startsWith("init");
      made.withRestartPolicy(
          List.of("Never", "OnFailure", init ? "Never" : "Always").get(random.nextInt(3)));
    }
    if (made.getRestartPolicy() != null && random.nextBoolean()) {
      rule(made, "Restart", AGAIN);
    }
    if (made.getRestartPolicy() != null && random.nextInt(3) == 0) {
      rule(made, "RestartAllContainers", ALL_AGAIN);
    }
    if (random.nextInt(4) == 0) {
      made.withStartupProbe(new Probe());
    }
    if (random.nextInt(3) == 0) {
      made.withNewLivenessProbe().withTerminationGracePeriodSeconds(3L).endLivenessProbe();
    }
    return made.build();
  }

  private static void rule(ContainerBuilder to, String action, int exitCode) {
    to.addNewRestartPolicyRule()
        .withAction(action)
        .withNewExitCodes()
        .withOperator("In")
        .withValues(exitCode)
        .endExitCodes()
        .endRestartPolicyRule();
  }
}
