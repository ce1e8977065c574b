package org.k3sjvm.server.control.workload;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeJson;

/**
 * Tells pod templates apart. The text is stable within one version of this program; that it differs
 * from kube-controller-manager's is harmless, because templates are compared by content.
 */
final class TemplateHash {
  static final String LABEL = "pod-template-hash";

  /**
   * No vowels, so that no words come out. Source: apimachinery v0.36 util/rand SafeEncodeString.
   */
  private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final int LETTERS = 10;

  private TemplateHash() {}

  /** Ten letters for a template. */
  static String of(@Nullable PodTemplateSpec template, int collisions) {
    String text = content(template) + "#" + collisions;
    long hash = FNV_OFFSET;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < LETTERS; i++) {
      letters.append(ALPHABET.charAt((int) Long.remainderUnsigned(hash, ALPHABET.length())));
      hash = Long.divideUnsigned(hash, ALPHABET.length());
    }
    return letters.toString();
  }

  /** Whether two templates make the same pods. */
  static boolean same(@Nullable PodTemplateSpec a, @Nullable PodTemplateSpec b) {
    return content(a).equals(content(b));
  }

  private static ObjectNode content(@Nullable PodTemplateSpec template) {
    ObjectNode tree = template == null ? KubeJson.newObject() : KubeJson.tree(template);
    if (tree.at("/metadata/labels") instanceof ObjectNode labels) {
      labels.remove(LABEL);
    }
    return tree;
  }
}
