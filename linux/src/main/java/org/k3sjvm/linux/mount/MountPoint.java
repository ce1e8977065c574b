package org.k3sjvm.linux.mount;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * One line of /proc/self/mountinfo.
 *
 * @param root the part of the file system that is mounted, {@code /} for all of it
 * @param options of this mount, such as {@code ro}
 * @param type of the file system, such as {@code tmpfs}
 * @param source as it was given, such as {@code /dev/sda1} or {@code none}
 * @param superOptions of the file system, such as {@code memory} of a cgroup hierarchy
 */
public record MountPoint(
    int id,
    String device,
    String root,
    Path target,
    List<String> options,
    String type,
    String source,
    List<String> superOptions) {
  public MountPoint {
    options = List.copyOf(options);
    superOptions = List.copyOf(superOptions);
  }

  public boolean readOnly() {
    return options.contains("ro");
  }

  /**
   * Reads one line.
   *
   * @throws IllegalArgumentException when it is none of mountinfo
   */
  public static MountPoint parse(String line) {
    String[] words = line.split(" ");
    int dash = Arrays.asList(words).indexOf("-");
    if (dash < 6 || words.length < dash + 4) {
      throw new IllegalArgumentException("not a line of mountinfo: '" + line + "'");
    }
    return new MountPoint(
        Integer.parseInt(words[0]),
        words[2],
        unescape(words[3]),
        Path.of(unescape(words[4])),
        List.of(words[5].split(",")),
        words[dash + 1],
        unescape(words[dash + 2]),
        List.of(words[dash + 3].split(",")));
  }

  /** Space, tab, newline and backslash are written as three octal digits. */
  private static String unescape(String word) {
    if (word.indexOf('\\') < 0) {
      return word;
    }
    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream plain = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\\' && i + 3 < bytes.length) {
        plain.write(Integer.parseInt(new String(bytes, i + 1, 3, StandardCharsets.US_ASCII), 8));
        i += 3;
      } else {
        plain.write(bytes[i]);
      }
    }
    return plain.toString(StandardCharsets.UTF_8);
  }
}
