package org.k3sjvm.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;

/** Events as lines. */
final class ReflectorEvents {
  private ReflectorEvents() {}

  static String text(ReflectorEvent<? extends HasMetadata> event) {
    return switch (event) {
      case ReflectorEvent.Added<? extends HasMetadata>(var object) ->
          "added " + object.getMetadata().getName();
      case ReflectorEvent.Modified<? extends HasMetadata>(var object) ->
          "modified " + object.getMetadata().getName();
      case ReflectorEvent.Deleted<? extends HasMetadata>(ObjectName name, String _) ->
          "deleted " + name;
      case ReflectorEvent.Synced<? extends HasMetadata>() -> "synced";
      case ReflectorEvent.Recalled<? extends HasMetadata>() -> "recalled";
    };
  }
}
