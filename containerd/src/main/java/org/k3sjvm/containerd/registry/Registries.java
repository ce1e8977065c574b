package org.k3sjvm.containerd.registry;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The user's registries, in the order of the file.
 *
 * @param mirrors by registry host, or {@code *}
 * @param configs by registry host with its port, or {@code *}
 */
public record Registries(Map<String, Mirror> mirrors, Map<String, RegistryConfig> configs) {
  /** No wishes. */
  public static final Registries NONE = new Registries(Map.of(), Map.of());

  public Registries {
    mirrors = Collections.unmodifiableMap(new LinkedHashMap<>(mirrors));
    configs = Collections.unmodifiableMap(new LinkedHashMap<>(configs));
  }

  /**
   * Where to look before the registry itself.
   *
   * @param endpoints URLs, or hosts with an optional port and path
   * @param rewrites pattern of an image's path to what to ask for in its place
   */
  public record Mirror(List<String> endpoints, Map<String, String> rewrites) {
    public Mirror {
      endpoints = List.copyOf(endpoints);
      rewrites = Collections.unmodifiableMap(new LinkedHashMap<>(rewrites));
    }
  }

  /** How to talk to one host. */
  public record RegistryConfig(Optional<RegistryLogin> login, RegistryTls tls) {}
}
