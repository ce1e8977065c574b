package org.k3sjvm.cri;

import java.util.List;

/**
 * The pod's user namespace.
 *
 * @param mode {@link NamespaceMode#POD} with one mapping each, or {@link NamespaceMode#NODE} with
 *     none
 */
public record UserNamespace(NamespaceMode mode, List<IdMapping> uids, List<IdMapping> gids) {
  public UserNamespace {
    uids = List.copyOf(uids);
    gids = List.copyOf(gids);
  }
}
