package org.k3sjvm.linux.mount;

import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.linux.net.MacAddress;

/** Lines of mountinfo, in which pods name things, and other short texts of the host. */
public final class FuzzedMounts implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.text("line of mountinfo", MountPoint::parse, IllegalArgumentException.class)
            .seeds(
                "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root"
                    + " rw,errors=continue",
                "36 35 0:50 / /a\\134b ro shared:2 master:1 - tmpfs tmpfs rw,size=64k"),
        FuzzTarget.text("MAC address", MacAddress::parse, IllegalArgumentException.class)
            .seeds("02:42:ac:11:00:02", "02:42:AC:11:00:02"));
  }
}
