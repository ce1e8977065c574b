package org.k3sjvm.serviceproxy.program;

import java.util.stream.IntStream;

/** Names of chains, shared by those who make them and the elements that lead to them. */
public final class Chains {
  /** Takes one of so many endpoints of a service address. */
  public static final String PICK = "pick-";

  /** {@link #PICK} for clients at the cluster IP. */
  public static final String INTERNAL = "internal-";

  /** {@link #PICK} with masquerade. */
  public static final String EXTERNAL = "external-";

  /** Takes one of so many endpoints on this node. */
  public static final String LOCAL = "local-";

  public static final String NODEPORT_PICK = "nodeport-pick-";
  public static final String NODEPORT_EXTERNAL = "nodeport-external-";
  public static final String NODEPORT_LOCAL = "nodeport-local-";

  /** The external policy Local: first asks where the client is. */
  public static final String EXTERNAL_POLICY_LOCAL = "external-policy-local";

  public static final String NODEPORT_POLICY_LOCAL = "nodeport-policy-local";
  public static final String REJECT = "reject-chain";
  public static final String MARK = "mark-for-masquerade";

  /** What chains and sets of services with affinity begin with; others' names do not. */
  public static final String AFFINITY = "affinity-";

  /** Slots of endpoints on this node begin here. */
  public static final int LOCAL_OFFSET = 32_768;

  private Chains() {}

  /** The numbers of slots that there are chains for. */
  public static IntStream sizes() {
    return IntStream.concat(
        IntStream.rangeClosed(1, Slots.EXACT), Slots.LARGE.stream().mapToInt(Integer::intValue));
  }

  /** The chain that picks for a service with affinity. */
  static String affinity(String which, PortProgram.Affinity affinity) {
    return AFFINITY + which + affinity.id();
  }
}
