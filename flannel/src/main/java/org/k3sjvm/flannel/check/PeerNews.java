package org.k3sjvm.flannel.check;

/** Takes what an operator should know of the peers, as an event of this node. Never blocks. */
@FunctionalInterface
public interface PeerNews {
  /**
   * News.
   *
   * @param warning else it is good news
   */
  void tell(boolean warning, String reason, String message);
}
