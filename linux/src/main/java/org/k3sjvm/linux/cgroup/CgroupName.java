package org.k3sjvm.linux.cgroup;

import java.util.Arrays;
import java.util.List;

/**
 * A group's place in the tree, the same in every hierarchy: {@code /kubepods/burstable}.
 *
 * @param value begins with a slash and has no {@code ..}; the root is {@code /}
 */
public record CgroupName(String value) {
  public static final CgroupName ROOT = new CgroupName("/");

  public CgroupName {
    if (!value.startsWith("/")
        || (value.length() > 1 && value.endsWith("/"))
        || value.contains("//")
        || (value + "/").contains("/../")) {
      throw new IllegalArgumentException("not a cgroup name: '" + value + "'");
    }
  }

  public CgroupName child(String name) {
    return new CgroupName((value.equals("/") ? "/" : value + "/") + name);
  }

  /** The names on the way from the root, which has none. */
  List<String> steps() {
    return Arrays.stream(relative().split("/", -1)).filter(step -> !step.isEmpty()).toList();
  }

  /** Without the leading slash, to resolve against a directory. */
  String relative() {
    return value.substring(1);
  }

  @Override
  public String toString() {
    return value;
  }
}
