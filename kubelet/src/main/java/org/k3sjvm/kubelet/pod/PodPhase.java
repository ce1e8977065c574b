package org.k3sjvm.kubelet.pod;

import java.time.Instant;

/**
 * Where a worker is with its pod; one way only.
 *
 * <table>
 * <caption>Transitions</caption>
 * <tr><th>from</th><th>when</th><th>to</th></tr>
 * <tr><td>Syncing</td><td>deletion, removal, kill, deadline, all containers done</td>
 *     <td>Terminating</td></tr>
 * <tr><td>Terminating</td><td>a shorter grace period</td><td>Terminating, earlier</td></tr>
 * <tr><td>Terminating</td><td>nothing runs, no sandbox is ready</td><td>Terminated</td></tr>
 * </table>
 */
public sealed interface PodPhase {
  /** The runtime is brought to what the pod asks for. */
  record Syncing() implements PodPhase {}

  /**
   * Containers end; nothing starts any more.
   *
   * @param killAt when their time is over; moves only towards now
   */
  record Terminating(Instant killAt, TerminationReason reason) implements PodPhase {}

  /** Nothing runs; what the pod left on the node is cleared. */
  record Terminated(Instant at, TerminationReason reason) implements PodPhase {}
}
