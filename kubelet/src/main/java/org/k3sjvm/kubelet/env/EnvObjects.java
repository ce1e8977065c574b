package org.k3sjvm.kubelet.env;

import java.util.Map;
import java.util.Optional;

/** ConfigMaps and Secrets that variables refer to. Blocking; any thread may call. */
public interface EnvObjects {
  /** The data of a ConfigMap; empty when there is none. */
  Optional<Map<String, String>> configMap(String namespace, String name)
      throws InterruptedException;

  /** The data of a Secret, decoded; empty when there is none. */
  Optional<Map<String, String>> secret(String namespace, String name) throws InterruptedException;
}
