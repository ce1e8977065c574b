package org.k3sjvm.cri;

/** Whether groups that the image lists for its user are added to those asked for. */
public enum SupplementalGroupsPolicy {
  MERGE,
  STRICT
}
