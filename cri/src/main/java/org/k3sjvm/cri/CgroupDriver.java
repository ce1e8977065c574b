package org.k3sjvm.cri;

/** Who makes cgroups: systemd on request, or whoever needs one. */
public enum CgroupDriver {
  SYSTEMD,
  CGROUPFS
}
