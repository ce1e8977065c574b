package org.k3sjvm.kubelet.admission;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether this kernel enforces AppArmor profiles. */
public final class AppArmorHost {
  private AppArmorHost() {}

  /** Looks; the answer stays the same until the next boot. */
  public static boolean enforces() {
    try {
      return Files.isDirectory(Path.of("/sys/kernel/security/apparmor"))
          && Files.readString(Path.of("/sys/module/apparmor/parameters/enabled")).startsWith("Y");
    } catch (IOException e) {
      return false;
    }
  }
}
