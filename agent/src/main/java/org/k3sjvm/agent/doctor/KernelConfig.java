package org.k3sjvm.agent.doctor;

import java.util.regex.Pattern;
import org.k3sjvm.agent.doctor.HostFacts.Feature;
import org.k3sjvm.agent.doctor.HostFacts.Presence;

/** Whether a kernel has a feature, by the lists that come with it. */
final class KernelConfig {
  private KernelConfig() {}

  /**
   * Judges one feature.
   *
   * @param loaded whether the kernel shows it already
   * @param builtIn modules.builtin; empty when there is none
   * @param loadable modules.dep, likewise
   * @param configuration the options that the kernel was built with, likewise
   */
  static Presence presence(
      Feature feature, boolean loaded, String builtIn, String loadable, String configuration) {
    if (loaded || names(builtIn, feature)) {
      return Presence.HERE;
    }
    if (names(loadable, feature)) {
      return Presence.LOADABLE;
    }
    if (configuration.contains("\n" + feature.option() + "=y")) {
      return Presence.HERE;
    }
    boolean modular = configuration.contains("\n" + feature.option() + "=m");
    if (!configuration.isEmpty() && !modular) {
      return Presence.ABSENT;
    }
    // A module that no list names is missing; without a list nobody knows.
    return loadable.isEmpty() ? Presence.UNKNOWN : Presence.ABSENT;
  }

  private static boolean names(String list, Feature feature) {
    return Pattern.compile("(?m)(^|/)" + feature.module() + "\\.ko(\\.(gz|xz|zst))?(:|$)")
        .matcher(list)
        .find();
  }
}
