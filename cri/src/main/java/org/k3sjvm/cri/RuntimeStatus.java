package org.k3sjvm.cri;

import java.util.List;
import java.util.Optional;

/**
 * How the runtime is.
 *
 * @param conditions at least {@link #RUNTIME_READY} and {@link #NETWORK_READY}
 * @param handlers what sandboxes can be made with; empty on runtimes older than the field
 */
public record RuntimeStatus(
    List<RuntimeCondition> conditions, List<RuntimeHandler> handlers, RuntimeFeatures features) {
  /** Whether the runtime can make sandboxes. */
  public static final String RUNTIME_READY = "RuntimeReady";

  /** Whether pods can have a network of their own. */
  public static final String NETWORK_READY = "NetworkReady";

  public RuntimeStatus {
    conditions = List.copyOf(conditions);
    handlers = List.copyOf(handlers);
  }

  /** The condition of that type, if the runtime reports it. */
  public Optional<RuntimeCondition> condition(String type) {
    return conditions.stream().filter(c -> c.type().equals(type)).findFirst();
  }

  /** Whether the runtime reports the condition, and as true. */
  public boolean is(String type) {
    return condition(type).map(RuntimeCondition::status).orElse(false);
  }

  /** One statement about the runtime; reason and message explain a false one. */
  public record RuntimeCondition(String type, boolean status, String reason, String message) {}

  /** A way to make sandboxes; the name is empty for the default. */
  public record RuntimeHandler(
      String name, boolean recursiveReadOnlyMounts, boolean userNamespaces) {}

  /** What the runtime can do as a whole. */
  public record RuntimeFeatures(boolean supplementalGroupsPolicy) {}
}
