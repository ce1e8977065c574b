package org.k3sjvm.kubelet.cgroup;

/**
 * How pods' control groups are made.
 *
 * @param root prefix of every group, {@code ""} or a path that starts with a slash
 * @param manage false leaves making the pods' groups to the runtime
 */
public record CgroupSettings(Driver driver, String root, boolean manage) {
  public static final CgroupSettings DEFAULT = new CgroupSettings(Driver.CGROUPFS, "", true);

  public CgroupSettings {
    if (!root.isEmpty() && (!root.startsWith("/") || root.endsWith("/"))) {
      throw new IllegalArgumentException("not a control group prefix: '" + root + "'");
    }
  }

  /** Who makes control groups: the kubelet in the file system, or systemd. */
  public enum Driver {
    CGROUPFS,
    SYSTEMD
  }
}
