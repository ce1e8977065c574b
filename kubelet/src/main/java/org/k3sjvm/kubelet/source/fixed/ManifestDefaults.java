package org.k3sjvm.kubelet.source.fixed;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.Lifecycle;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.ObjectFieldSelector;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the API server would fill in, for pods that never pass it.
 *
 * <p>Source: Kubernetes v1.36 pkg/apis/core/v1/defaults.go.
 */
final class ManifestDefaults {
  private static final int FILE_MODE = 0644;

  private ManifestDefaults() {}

  /** Changes the spec in place. */
  static void apply(PodSpec spec) {
    spec.setRestartPolicy(or(spec.getRestartPolicy(), "Always"));
    spec.setDnsPolicy(or(spec.getDnsPolicy(), "ClusterFirst"));
    spec.setSchedulerName(or(spec.getSchedulerName(), "default-scheduler"));
    spec.setTerminationGracePeriodSeconds(or(spec.getTerminationGracePeriodSeconds(), 30L));
    spec.setEnableServiceLinks(or(spec.getEnableServiceLinks(), true));
    spec.setSecurityContext(or(spec.getSecurityContext(), new PodSecurityContext()));
    spec.getVolumes().forEach(ManifestDefaults::volume);
    boolean hostNetwork = Boolean.TRUE.equals(spec.getHostNetwork());
    for (List<Container> some : List.of(spec.getInitContainers(), spec.getContainers())) {
      some.forEach(c -> container(c, hostNetwork));
    }
  }

  private static void container(Container c, boolean hostNetwork) {
    c.setImagePullPolicy(or(c.getImagePullPolicy(), pullPolicy(c.getImage())));
    c.setTerminationMessagePath(or(c.getTerminationMessagePath(), "/dev/termination-log"));
    c.setTerminationMessagePolicy(or(c.getTerminationMessagePolicy(), "File"));
    for (ContainerPort port : c.getPorts()) {
      port.setProtocol(or(port.getProtocol(), "TCP"));
      if (hostNetwork && (port.getHostPort() == null || port.getHostPort() == 0)) {
        port.setHostPort(port.getContainerPort());
      }
    }
    c.getEnv().stream()
        .map(e -> e.getValueFrom() == null ? null : e.getValueFrom().getFieldRef())
        .filter(Objects::nonNull)
        .forEach(ManifestDefaults::field);
    probe(c.getLivenessProbe());
    probe(c.getReadinessProbe());
    probe(c.getStartupProbe());
    Optional.ofNullable(c.getLifecycle()).ifPresent(ManifestDefaults::lifecycle);
    requestLimits(c.getResources());
  }

  private static void field(ObjectFieldSelector field) {
    field.setApiVersion(or(field.getApiVersion(), "v1"));
  }

  private static void lifecycle(Lifecycle lifecycle) {
    for (LifecycleHandler h :
        new LifecycleHandler[] {lifecycle.getPostStart(), lifecycle.getPreStop()}) {
      if (h != null) {
        http(h.getHttpGet());
      }
    }
  }

  private static void probe(@Nullable Probe p) {
    if (p == null) {
      return;
    }
    p.setTimeoutSeconds(positive(p.getTimeoutSeconds(), 1));
    p.setPeriodSeconds(positive(p.getPeriodSeconds(), 10));
    p.setSuccessThreshold(positive(p.getSuccessThreshold(), 1));
    p.setFailureThreshold(positive(p.getFailureThreshold(), 3));
    http(p.getHttpGet());
    if (p.getGrpc() != null) {
      p.getGrpc().setService(or(p.getGrpc().getService(), ""));
    }
  }

  private static void http(@Nullable HTTPGetAction get) {
    if (get != null) {
      get.setPath(or(get.getPath(), "/"));
      get.setScheme(or(get.getScheme(), "HTTP"));
    }
  }

  /** What is limited and not asked for is asked for up to its limit. */
  private static void requestLimits(@Nullable ResourceRequirements r) {
    if (r == null || r.getLimits() == null || r.getLimits().isEmpty()) {
      return;
    }
    Map<String, Quantity> requests = new HashMap<>(r.getLimits());
    if (r.getRequests() != null) {
      requests.putAll(r.getRequests());
    }
    r.setRequests(requests);
  }

  private static void volume(Volume v) {
    if (v.getHostPath() != null) {
      v.getHostPath().setType(or(v.getHostPath().getType(), ""));
    } else if (v.getDownwardAPI() != null) {
      v.getDownwardAPI().setDefaultMode(or(v.getDownwardAPI().getDefaultMode(), FILE_MODE));
    } else if (v.getProjected() != null) {
      v.getProjected().setDefaultMode(or(v.getProjected().getDefaultMode(), FILE_MODE));
    } else if (bare(v)) {
      v.setEmptyDir(new EmptyDirVolumeSource());
    }
  }

  private static boolean bare(Volume v) {
    Volume named = new Volume();
    named.setName(v.getName());
    return v.equals(named);
  }

  private static String pullPolicy(@Nullable String image) {
    if (image == null || image.contains("@")) {
      return "IfNotPresent";
    }
    String last = image.substring(image.lastIndexOf('/') + 1);
    return last.contains(":") && !last.endsWith(":latest") ? "IfNotPresent" : "Always";
  }

  private static Integer positive(@Nullable Integer is, int otherwise) {
    return is == null || is == 0 ? otherwise : is;
  }

  private static <T> T or(@Nullable T is, T otherwise) {
    return is == null || is.equals("") ? otherwise : is;
  }
}
