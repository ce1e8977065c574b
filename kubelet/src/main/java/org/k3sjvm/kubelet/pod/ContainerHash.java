package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import java.nio.charset.StandardCharsets;

/**
 * Whether a running container is still what the pod asks for. Only name and image count, so that
 * new fields and their defaults restart nothing.
 *
 * <p>Source: kubelet v1.31 and later, pkg/kubelet/container/helpers.go, HashContainer.
 */
public final class ContainerHash {
  private static final int FNV_OFFSET = 0x811c9dc5;
  private static final int FNV_PRIME = 0x01000193;

  private ContainerHash() {}

  /** Lower-case hexadecimal without padding. */
  public static String of(Container container) {
    return of(container.getName(), container.getImage());
  }

  static String of(String name, String image) {
    byte[] json =
        ("{\"image\":\"" + escaped(image) + "\",\"name\":\"" + escaped(name) + "\"}")
            .getBytes(StandardCharsets.UTF_8);
    StringBuilder text = new StringBuilder("([]uint8)[");
    for (int i = 0; i < json.length; i++) {
      text.append(i == 0 ? "" : " ").append(json[i] & 0xff);
    }
    return Integer.toHexString(fnv1a(text.append(']').toString()));
  }

  /**
   * Whether the definition is another than the one the container was made with. Kubelets before
   * v1.31 hashed more, so a foreign hash alone proves nothing: the image decides.
   */
  static boolean changed(Container wanted, ObservedContainer is) {
    return is.hash().filter(h -> !h.equals(of(wanted))).isPresent()
        && !sameImage(wanted.getImage(), is.image());
  }

  private static boolean sameImage(String wanted, String is) {
    String tagged = wanted == null || wanted.isEmpty() ? "" : withTag(wanted);
    return is.equals(wanted) || is.equals(tagged) || is.endsWith("/" + tagged);
  }

  private static String withTag(String image) {
    boolean named = image.contains("@") || image.lastIndexOf(':') > image.lastIndexOf('/');
    return named ? image : image + ":latest";
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"");
  }

  private static int fnv1a(String ascii) {
    int hash = FNV_OFFSET;
    for (int i = 0; i < ascii.length(); i++) {
      hash = (hash ^ ascii.charAt(i)) * FNV_PRIME;
    }
    return hash;
  }
}
