package org.k3sjvm.agent.doctor;

import java.nio.file.Path;
import java.util.function.Predicate;

/** Where this board keeps the kernel's command line, and how words are added to it. */
enum BootFile {
  /** One line; since Debian 12 in the firmware's own directory. */
  PI_FIRMWARE("/boot/firmware/cmdline.txt", "sed -i '1 s/$/ %s/' /boot/firmware/cmdline.txt"),
  PI("/boot/cmdline.txt", "sed -i '1 s/$/ %s/' /boot/cmdline.txt"),
  ARMBIAN(
      "/boot/armbianEnv.txt",
      "add '%s' to the line extraargs= of /boot/armbianEnv.txt, or: echo 'extraargs=%s' >>"
          + " /boot/armbianEnv.txt"),
  EXTLINUX(
      "/boot/extlinux/extlinux.conf",
      "sed -i '/^ *append/I s/$/ %s/' /boot/extlinux/extlinux.conf"),
  GRUB(
      "/etc/default/grub",
      "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&%s /' /etc/default/grub; update-grub (or grub2-mkconfig -o"
          + " /boot/grub2/grub.cfg)"),
  SYSTEMD_BOOT(
      "/etc/kernel/cmdline", "sed -i '1 s/$/ %s/' /etc/kernel/cmdline; kernel-install add-all"),
  UNKNOWN("", "add '%s' to the kernel's command line in the settings of this board's boot loader");

  private final String file;
  private final String repair;

  BootFile(String file, String repair) {
    this.file = file;
    this.repair = repair;
  }

  /**
   * The one that is in force here.
   *
   * @param model of the device tree; empty elsewhere
   */
  static BootFile of(String model, Predicate<Path> exists) {
    for (BootFile each : values()) {
      boolean pi = each == PI_FIRMWARE || each == PI;
      if (each != UNKNOWN
          && (!pi || model.contains("Raspberry Pi"))
          && exists.test(Path.of(each.file))) {
        return each;
      }
    }
    return UNKNOWN;
  }

  /** What adds words to the command line for the next boot. */
  String repair(String words) {
    return repair.replace("%s", words) + "; reboot";
  }

  /** The file; empty when none is known. */
  String file() {
    return file;
  }
}
