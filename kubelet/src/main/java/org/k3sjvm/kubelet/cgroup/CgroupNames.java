package org.k3sjvm.kubelet.cgroup;

import java.util.Optional;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.Qos;
import org.k3sjvm.linux.cgroup.CgroupName;

/**
 * Where pods' groups stand in the tree. Below the root of all pods there is one group for each
 * quality of service, save Guaranteed, whose pods stand beside those groups. systemd wants slices,
 * each with the names of all above it joined by dashes; a dash within a name becomes an underscore.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/cm/cgroup_manager_linux.go, ToSystemd and ToCgroupfs.
 */
record CgroupNames(CgroupSettings.Driver driver, String root) {
  private static final String POD = "pod";
  private static final String SLICE = ".slice";

  /** The group of all pods. */
  CgroupName pods() {
    return name(root + "/kubepods");
  }

  /** The group of one quality of service. */
  CgroupName of(Qos qos) {
    return switch (qos) {
      case GUARANTEED -> pods();
      case BURSTABLE -> name(root + "/kubepods/burstable");
      case BEST_EFFORT -> name(root + "/kubepods/besteffort");
    };
  }

  /** A pod's group. */
  CgroupName of(PodUid uid, Qos qos) {
    String above =
        switch (qos) {
          case GUARANTEED -> "/kubepods/";
          case BURSTABLE -> "/kubepods/burstable/";
          case BEST_EFFORT -> "/kubepods/besteffort/";
        };
    return name(root + above + POD + uid.value());
  }

  /** A group of the host as settings name it; a slice by its own name, wherever it stands. */
  CgroupName ofHost(String configured) {
    String last = configured.substring(configured.lastIndexOf('/') + 1);
    if (driver == CgroupSettings.Driver.CGROUPFS || !last.endsWith(SLICE)) {
      return new CgroupName(configured);
    }
    String steps = last.substring(0, last.length() - SLICE.length()).replace('-', '/');
    return slices("/" + steps);
  }

  /** The pod whose group has this last name; empty when it is none of a pod. */
  Optional<PodUid> uid(String lastName) {
    String last = lastName;
    if (driver == CgroupSettings.Driver.SYSTEMD) {
      if (!last.endsWith(SLICE)) {
        return Optional.empty();
      }
      last = last.substring(0, last.length() - SLICE.length());
      last = last.substring(last.lastIndexOf('-') + 1).replace('_', '-');
    }
    return last.startsWith(POD) && last.length() > POD.length()
        ? Optional.of(new PodUid(last.substring(POD.length())))
        : Optional.empty();
  }

  private CgroupName name(String plain) {
    return switch (driver) {
      case CGROUPFS -> new CgroupName(plain);
      case SYSTEMD -> slices(plain);
    };
  }

  private static CgroupName slices(String plain) {
    StringBuilder path = new StringBuilder();
    StringBuilder joined = new StringBuilder();
    for (String part : plain.substring(1).split("/", -1)) {
      joined.append(joined.isEmpty() ? "" : "-").append(part.replace('-', '_'));
      path.append('/').append(joined).append(SLICE);
    }
    return new CgroupName(path.toString());
  }
}
