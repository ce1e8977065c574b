package org.k3sjvm.linux.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a kubelet wants of the kernel: memory may be promised twice, a machine without memory ends
 * containers in place of itself, a kernel that is beside itself starts anew, and there are keys for
 * many containers. Source: kubelet v1.36 pkg/kubelet/cm/container_manager_linux.go.
 */
public final class KernelDefaults {
  private static final Map<String, String> WANTED = new LinkedHashMap<>();

  static {
    WANTED.put("vm/overcommit_memory", "1");
    WANTED.put("vm/panic_on_oom", "0");
    WANTED.put("kernel/panic", "10");
    WANTED.put("kernel/panic_on_oops", "1");
    WANTED.put("kernel/keys/root_maxkeys", "1000000");
    WANTED.put("kernel/keys/root_maxbytes", "25000000");
  }

  private KernelDefaults() {}

  /** In the order to write them. */
  static Map<String, String> wanted() {
    return WANTED;
  }

  /** Settings that this kernel has otherwise, as arguments of {@code sysctl -w}. */
  public static List<String> missing(Sysctls sysctls) {
    List<String> missing = new ArrayList<>();
    WANTED.forEach(
        (key, value) -> {
          Optional<String> now = sysctls.read(key);
          if (now.isPresent() && !now.get().equals(value)) {
            missing.add(key.replace('/', '.') + "=" + value);
          }
        });
    return List.copyOf(missing);
  }
}
