package org.k3sjvm.kubelet.hosts;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;

/**
 * A pod's own name.
 *
 * @param host one label, or an override
 * @param domain what follows it; empty for none
 * @param kernel what {@code uname -n} says in the pod
 */
public record HostNames(String host, String domain, String kernel) {
  private static final int LABEL = 63;
  private static final int KERNEL = 64; // __NEW_UTS_LEN

  /**
   * The names of a pod. Source: kubelet v1.36 GeneratePodHostNameAndDomain.
   *
   * @throws IllegalArgumentException when the kernel cannot hold the name
   */
  public static HostNames of(Pod pod, String clusterDomain) {
    PodSpec spec = pod.getSpec();
    if (spec.getHostnameOverride() != null) {
      return new HostNames(spec.getHostnameOverride(), "", spec.getHostnameOverride());
    }
    boolean own = spec.getHostname() != null && !spec.getHostname().isEmpty();
    String host = shortened(own ? spec.getHostname() : pod.getMetadata().getName());
    boolean sub = spec.getSubdomain() != null && !spec.getSubdomain().isEmpty();
    String domain =
        sub
            ? spec.getSubdomain() + "." + pod.getMetadata().getNamespace() + ".svc." + clusterDomain
            : "";
    boolean full = Boolean.TRUE.equals(spec.getSetHostnameAsFQDN()) && !domain.isEmpty();
    String kernel = full ? host + "." + domain : host;
    if (kernel.length() > KERNEL) {
      throw new IllegalArgumentException(
          "failed to construct FQDN from pod hostname and cluster domain, FQDN "
              + kernel
              + " is too long (64 characters is the max, "
              + kernel.length()
              + " characters requested)");
    }
    return new HostNames(host, domain, kernel);
  }

  private static String shortened(String name) {
    if (name.length() <= LABEL) {
      return name;
    }
    int end = LABEL;
    while (end > 0 && (name.charAt(end - 1) == '-' || name.charAt(end - 1) == '.')) {
      end--;
    }
    return name.substring(0, end);
  }
}
