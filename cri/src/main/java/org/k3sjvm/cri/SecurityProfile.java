package org.k3sjvm.cri;

/** A seccomp or AppArmor profile. */
public sealed interface SecurityProfile {
  /** The runtime's own profile. */
  record RuntimeDefault() implements SecurityProfile {}

  /** No profile. */
  record Unconfined() implements SecurityProfile {}

  /**
   * A profile of the host's.
   *
   * @param reference seccomp: absolute path of the file; AppArmor: name of the loaded profile
   */
  record Localhost(String reference) implements SecurityProfile {}
}
