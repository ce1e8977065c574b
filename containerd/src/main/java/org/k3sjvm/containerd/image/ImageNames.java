package org.k3sjvm.containerd.image;

import java.util.ArrayList;
import java.util.List;

/** Names of an image. Source: k3s v1.36 pkg/agent/containerd, PreloadImages; OCI distribution. */
final class ImageNames {
  private ImageNames() {}

  /**
   * Under which further names an imported image is to be found: by its digest, and as if each of
   * the registries were where it came from.
   *
   * @param name with a registry and a tag, such as {@code docker.io/library/busybox:1}; others have
   *     no further names
   * @param digest such as {@code sha256:…}
   */
  static List<String> further(String name, String digest, List<String> registries) {
    int slash = name.indexOf('/');
    int colon = name.lastIndexOf(':');
    if (slash <= 0 || colon < slash || name.contains("@")) {
      return List.of();
    }
    String path = name.substring(slash + 1, colon);
    String tag = name.substring(colon);
    List<String> names = new ArrayList<>();
    names.add(name.substring(0, colon) + "@" + digest);
    for (String registry : registries) {
      if (!registry.equals(name.substring(0, slash))) {
        names.add(registry + "/" + path + tag);
        names.add(registry + "/" + path + "@" + digest);
      }
    }
    return List.copyOf(names);
  }
}
