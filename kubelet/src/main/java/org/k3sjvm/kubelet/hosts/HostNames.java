package org.k3sjvm.kubelet.hosts;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.regex.Pattern;

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
  private static final Pattern LABEL_FORM = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
  private static final Pattern SUBDOMAIN =
      Pattern.compile("(?=.{1,253}$)" + LABEL_FORM + "(\\." + LABEL_FORM + ")*");

  /**
   * The names of a pod. Source: kubelet v1.36 GeneratePodHostNameAndDomain.
   *
   * @throws IllegalArgumentException when the kernel cannot hold the name
   */
  public static HostNames of(Pod pod, String clusterDomain) {
    PodSpec spec = pod.getSpec();
    if (spec.getHostnameOverride() != null) {
      String given = spec.getHostnameOverride();
      require(SUBDOMAIN.matcher(given).matches(), "HostnameOverride", given, "subdomain");
      return new HostNames(shortened(given), "", shortened(given));
    }
    boolean own = spec.getHostname() != null && !spec.getHostname().isEmpty();
    if (own) {
      require(isLabel(spec.getHostname()), "Hostname", spec.getHostname(), "label");
    }
    String host = shortened(own ? spec.getHostname() : pod.getMetadata().getName());
    boolean sub = spec.getSubdomain() != null && !spec.getSubdomain().isEmpty();
    if (sub) {
      require(isLabel(spec.getSubdomain()), "Subdomain", spec.getSubdomain(), "label");
    }
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

  private static boolean isLabel(String text) {
    return text.length() <= LABEL && LABEL_FORM.matcher(text).matches();
  }

  private static void require(boolean fine, String field, String value, String form) {
    if (!fine) {
      throw new IllegalArgumentException(
          "pod " + field + " \"" + value + "\" is not a valid DNS " + form);
    }
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
