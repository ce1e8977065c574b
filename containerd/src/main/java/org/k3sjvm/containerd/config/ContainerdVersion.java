package org.k3sjvm.containerd.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which containerd is installed.
 *
 * @param text as it says itself, such as {@code 1.6.20~ds1} or {@code v2.1.4}
 * @param major the first number of it
 */
public record ContainerdVersion(String text, int major) {
  private static final Pattern LINE =
      Pattern.compile("^containerd \\S+ (?<text>v?(?<major>\\d+)\\.\\S*)");
  private static final int FIRST_WITH_SCHEMA_3 = 2;

  /**
   * Reads what {@code containerd --version} prints.
   *
   * @throws IllegalArgumentException when it is something else
   */
  public static ContainerdVersion parse(String line) {
    Matcher matcher = LINE.matcher(line);
    if (!matcher.find()) {
      throw new IllegalArgumentException("not containerd's version: '" + line.strip() + "'");
    }
    return new ContainerdVersion(matcher.group("text"), Integer.parseInt(matcher.group("major")));
  }

  /** The configuration that this version is given. */
  public Schema schema() {
    return major < FIRST_WITH_SCHEMA_3 ? Schema.V2 : Schema.V3;
  }
}
