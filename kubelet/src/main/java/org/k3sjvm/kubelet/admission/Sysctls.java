package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Sysctl;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.kubelet.admission.Verdict.Rejected;

/**
 * Kernel settings that a pod may change: those that touch nobody else, and what the node's
 * administrator adds.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/sysctl/allowlist.go and safe_sysctls.go; all of the safe
 * ones are per network namespace since Linux 4.15, and net.ipv4.tcp_rmem and tcp_wmem too.
 */
public final class Sysctls {
  private static final List<String> SAFE =
      List.of(
          "kernel.shm_rmid_forced",
          "net.ipv4.ip_local_port_range",
          "net.ipv4.tcp_syncookies",
          "net.ipv4.ping_group_range",
          "net.ipv4.ip_unprivileged_port_start",
          "net.ipv4.ip_local_reserved_ports",
          "net.ipv4.tcp_keepalive_time",
          "net.ipv4.tcp_fin_timeout",
          "net.ipv4.tcp_keepalive_intvl",
          "net.ipv4.tcp_keepalive_probes",
          "net.ipv4.tcp_rmem",
          "net.ipv4.tcp_wmem");
  private static final Set<String> IPC =
      Set.of(
          "kernel.sem",
          "kernel.shmall",
          "kernel.shmmax",
          "kernel.shmmni",
          "kernel.shm_rmid_forced",
          "kernel.shm",
          "kernel.msgmax",
          "kernel.msgmnb",
          "kernel.msgmni",
          "kernel.msg");

  /** Only the safe ones. */
  public static final Sysctls SAFE_ONLY = allowing(List.of());

  private final List<String> allowed;

  private Sysctls(List<String> allowed) {
    this.allowed = allowed;
  }

  /**
   * The safe ones and more.
   *
   * @param unsafe names, or prefixes that end in {@code *}
   * @throws IllegalArgumentException for one that the kernel has only once for all pods
   */
  public static Sysctls allowing(List<String> unsafe) {
    List<String> all = new ArrayList<>(SAFE);
    for (String pattern : unsafe) {
      String name = normal(pattern);
      if (namespace(name.replaceFirst("\\*.*$", "")).isEmpty()) {
        throw new IllegalArgumentException(
            "the sysctl " + pattern + " is not known to be namespaced");
      }
      all.add(name);
    }
    return new Sysctls(List.copyOf(all));
  }

  Optional<Rejected> check(PodSpec spec) {
    if (spec.getSecurityContext() == null) {
      return Optional.empty();
    }
    return spec.getSecurityContext().getSysctls().stream()
        .map(Sysctl::getName)
        .map(Sysctls::normal)
        .flatMap(name -> fault(name, spec).stream())
        .findFirst()
        .map(why -> new Rejected("SysctlForbidden", "forbidden sysctl: " + why));
  }

  private Optional<String> fault(String name, PodSpec spec) {
    boolean listed =
        allowed.stream()
            .anyMatch(
                a ->
                    a.endsWith("*")
                        ? name.startsWith(a.substring(0, a.length() - 1))
                        : name.equals(a));
    if (!listed) {
      return Optional.of("\"" + name + "\" not allowlisted");
    }
    String namespace = namespace(name).orElse("");
    boolean shared =
        (namespace.equals("IPC") && Boolean.TRUE.equals(spec.getHostIPC()))
            || (namespace.equals("Net") && Boolean.TRUE.equals(spec.getHostNetwork()));
    return shared
        ? Optional.of("\"" + name + "\" not allowed with host " + namespace + " enabled")
        : Optional.empty();
  }

  private static Optional<String> namespace(String name) {
    if (IPC.contains(name) || name.startsWith("fs.mqueue.")) {
      return Optional.of("IPC");
    }
    return name.startsWith("net.") ? Optional.of("Net") : Optional.empty();
  }

  /** Dots between parts: a name whose first separator is a slash swaps both kinds. */
  private static String normal(String name) {
    int slash = name.indexOf('/');
    int dot = name.indexOf('.');
    if (slash < 0 || (dot >= 0 && dot < slash)) {
      return name;
    }
    StringBuilder swapped = new StringBuilder(name);
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      swapped.setCharAt(i, c == '/' ? '.' : c == '.' ? '/' : c);
    }
    return swapped.toString();
  }
}
