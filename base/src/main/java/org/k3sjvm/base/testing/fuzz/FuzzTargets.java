package org.k3sjvm.base.testing.fuzz;

import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/** The parsers of a package; a service, so that each stays beside its parsers. */
public interface FuzzTargets {
  List<FuzzTarget> targets();

  /** Those of all modules on the class path, by name. */
  static List<FuzzTarget> all() {
    return ServiceLoader.load(FuzzTargets.class).stream()
        .flatMap(provider -> provider.get().targets().stream())
        .sorted(Comparator.comparing(FuzzTarget::name))
        .toList();
  }
}
