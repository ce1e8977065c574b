package org.k3sjvm.kubelet.source.fixed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Toleration;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.k3sjvm.base.yaml.PlainYaml;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.admission.PodKind;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Makes static pods of manifests in YAML or JSON.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/config/common.go.
 */
final class Manifests {
  /** Source: kubelet v1.36 maxConfigLength. */
  static final int MOST_BYTES = 10 << 20;

  private static final Toleration STAYS = new Toleration("NoExecute", null, "Exists", null, null);

  private final String node;

  Manifests(String node) {
    this.node = node;
  }

  /**
   * Reads at most {@link #MOST_BYTES}.
   *
   * @throws ManifestException when there is more
   */
  static byte[] read(InputStream in) throws IOException, ManifestException {
    byte[] bytes = in.readNBytes(MOST_BYTES + 1);
    if (bytes.length > MOST_BYTES) {
      throw new ManifestException("it is larger than 10 MiB");
    }
    return bytes;
  }

  /** The one pod of a file. */
  Pod ofFile(byte[] bytes, String path) throws ManifestException {
    Pod pod = pod(object(bytes));
    settle(pod, "host:" + node + "file:" + path, "file");
    pod.getSpec().setTolerations(tolerations(pod));
    return pod;
  }

  /** The pod, or the pods of a list, behind a URL. */
  List<Pod> ofUrl(byte[] bytes, String url) throws ManifestException {
    ObjectNode object = object(bytes);
    List<Pod> pods = new ArrayList<>();
    if (object.path("kind").asText().equals("PodList")) {
      for (JsonNode item : object.path("items")) {
        if (!(item instanceof ObjectNode one)) {
          throw new ManifestException("an item of its list is not an object");
        }
        one.put("apiVersion", "v1").put("kind", "Pod");
        pods.add(pod(one));
      }
    } else {
      pods.add(pod(object));
    }
    for (Pod pod : pods) {
      settle(pod, "url:" + url, "http");
    }
    return pods;
  }

  private void settle(Pod pod, String origin, String source) throws ManifestException {
    ObjectMeta meta = pod.getMetadata();
    if (meta.getUid() == null || meta.getUid().isEmpty()) {
      meta.setUid(hash(KubeJson.write(pod) + origin));
    }
    meta.setName(meta.getName() + "-" + node.toLowerCase(Locale.ROOT));
    if (meta.getNamespace() == null || meta.getNamespace().isEmpty()) {
      meta.setNamespace("default");
    }
    Map<String, String> annotations = new HashMap<>();
    if (meta.getAnnotations() != null) {
      annotations.putAll(meta.getAnnotations());
    }
    annotations.put(PodKind.HASH, meta.getUid());
    annotations.put(PodKind.SOURCE, source);
    meta.setAnnotations(annotations);
    pod.getSpec().setNodeName(node);
    PodStatus status = new PodStatus();
    status.setPhase("Pending");
    pod.setStatus(status);
    ManifestChecks.check(pod);
  }

  private static List<Toleration> tolerations(Pod pod) {
    List<Toleration> all = new ArrayList<>(pod.getSpec().getTolerations());
    all.removeIf(t -> t.getKey() == null && "NoExecute".equals(t.getEffect()));
    all.add(STAYS);
    return all;
  }

  private static Pod pod(ObjectNode object) throws ManifestException {
    String version = object.path("apiVersion").asText();
    String kind = object.path("kind").asText();
    if (!version.equals("v1") || !kind.equals("Pod")) {
      throw new ManifestException(
          "it is a %s of %s, not a Pod of v1"
              .formatted(kind.isEmpty() ? "thing" : kind, version.isEmpty() ? "nothing" : version));
    }
    whole(object);
    Pod pod;
    try {
      pod = KubeJson.treeTo(object, Pod.class);
    } catch (IllegalArgumentException e) {
      throw new ManifestException(String.valueOf(e.getMessage()), e);
    }
    if (pod.getMetadata() == null
        || pod.getMetadata().getName() == null
        || pod.getMetadata().getName().isEmpty()) {
      throw new ManifestException("it needs a name");
    }
    if (pod.getSpec() == null) {
      throw new ManifestException("it needs a spec");
    }
    ManifestDefaults.apply(pod.getSpec());
    return pod;
  }

  /**
   * Takes away fields that have nothing behind the colon, which to Go are not there. Of nothing in
   * a list Go makes an empty value, which the API server then refuses.
   */
  private static void whole(JsonNode node) throws ManifestException {
    if (node instanceof ObjectNode object) {
      object.properties().removeIf(field -> field.getValue().isNull());
    }
    for (JsonNode part : node) {
      if (node.isArray() && part.isNull()) {
        throw new ManifestException("an item of a list in it is nothing");
      }
      whole(part);
    }
  }

  private static ObjectNode object(byte[] bytes) throws ManifestException {
    try {
      Object first = PlainYaml.first(new String(bytes, StandardCharsets.UTF_8), MOST_BYTES);
      if (KubeJson.mapper().valueToTree(first) instanceof ObjectNode object) {
        return object;
      }
      throw new ManifestException("it has no object in it");
    } catch (YAMLException | IllegalArgumentException e) {
      throw new ManifestException("it is not YAML: " + e.getMessage(), e);
    }
  }

  private static String hash(String text) {
    try {
      MessageDigest md5 = MessageDigest.getInstance("MD5"); // names content, protects nothing
      return HexFormat.of().formatHex(md5.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
