package org.k3sjvm.networkpolicy.model;

/** Seen from the pod that a policy selects. */
public enum Direction {
  INGRESS,
  EGRESS
}
