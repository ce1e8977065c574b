package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;

/**
 * The files of configMap, secret, downwardAPI and projected volumes. Source: kubelet v1.36
 * pkg/volume/{configmap,secret,downwardapi,projected}.
 */
final class Payloads {
  private static final int DEFAULT_MODE = 0644;
  private static final int PRIVATE_MODE = 0600;

  private final ObjectReader<ConfigMap> configMaps;
  private final ObjectReader<Secret> secrets;
  private final ObjectWatches watches;
  private final ServiceAccountTokens tokens;
  private final TrustBundles bundles;
  private final Supplier<Map<String, Quantity>> allocatable;

  /** How old an object may be that files come from. */
  @FunctionalInterface
  interface Ages {
    Duration atMost(ObjectKey key);
  }

  Payloads(
      KubeApi api,
      ObjectWatches watches,
      Supplier<Map<String, Quantity>> allocatable,
      InstantSource clock,
      RandomGenerator random) {
    this.configMaps = new ObjectReader<>(api, Resources.CONFIG_MAPS);
    this.secrets = new ObjectReader<>(api, Resources.SECRETS);
    this.watches = watches;
    this.tokens = new ServiceAccountTokens(api, clock, random);
    this.bundles = new TrustBundles(api);
    this.allocatable = allocatable;
  }

  /** Forgets what is kept for a pod. */
  void forget(String podUid) {
    tokens.forget(podUid);
  }

  /** Whether a token of the volume is to be renewed. */
  boolean tokenDue(Pod pod, Volume volume) {
    return volume.getProjected() != null
        && PodFacts.orEmpty(volume.getProjected().getSources()).stream()
            .map(VolumeProjection::getServiceAccountToken)
            .anyMatch(wanted -> wanted != null && tokens.isDue(pod, wanted));
  }

  /** Whether some of the volume's files come from objects that nobody follows. */
  static boolean mayChangeUnseen(Volume volume) {
    return volume.getProjected() != null
        && PodFacts.orEmpty(volume.getProjected().getSources()).stream()
            .anyMatch(part -> part.getClusterTrustBundle() != null);
  }

  /** The files of a volume now. */
  Payload of(Pod pod, Volume volume, Ages ages) throws InterruptedException {
    Payload.Builder files = new Payload.Builder();
    if (volume.getConfigMap() != null) {
      var source = volume.getConfigMap();
      int mode = mode(source.getDefaultMode());
      addConfigMap(
          files, pod, source.getName(), source.getItems(), mode, source.getOptional(), ages);
    } else if (volume.getSecret() != null) {
      var source = volume.getSecret();
      int mode = mode(source.getDefaultMode());
      addSecret(
          files, pod, source.getSecretName(), source.getItems(), mode, source.getOptional(), ages);
    } else if (volume.getDownwardAPI() != null) {
      var source = volume.getDownwardAPI();
      addFields(files, pod, source.getItems(), mode(source.getDefaultMode()));
    } else if (volume.getProjected() != null) {
      var source = volume.getProjected();
      for (VolumeProjection part : PodFacts.orEmpty(source.getSources())) {
        addPart(files, pod, part, mode(source.getDefaultMode()), ages);
      }
    }
    return files.build();
  }

  private void addPart(Payload.Builder files, Pod pod, VolumeProjection part, int mode, Ages ages)
      throws InterruptedException {
    if (part.getConfigMap() != null) {
      var source = part.getConfigMap();
      addConfigMap(
          files, pod, source.getName(), source.getItems(), mode, source.getOptional(), ages);
    } else if (part.getSecret() != null) {
      var source = part.getSecret();
      addSecret(files, pod, source.getName(), source.getItems(), mode, source.getOptional(), ages);
    } else if (part.getDownwardAPI() != null) {
      addFields(files, pod, part.getDownwardAPI().getItems(), mode);
    } else if (part.getServiceAccountToken() != null) {
      addToken(files, pod, part.getServiceAccountToken(), mode);
    } else if (part.getClusterTrustBundle() != null) {
      var source = part.getClusterTrustBundle();
      addPrivate(files, pod, source.getPath(), bundles.certificates(source), mode);
    } else {
      throw new VolumeException("a projected source is of a kind that this node does not support");
    }
  }

  private void addConfigMap(
      Payload.Builder files,
      Pod pod,
      String name,
      @Nullable List<KeyToPath> items,
      int mode,
      @Nullable Boolean optional,
      Ages ages)
      throws InterruptedException {
    Map<String, byte[]> content = new TreeMap<>();
    ObjectKey key = new ObjectKey(ObjectKey.Kind.CONFIG_MAP, nameOf(pod, name));
    try {
      ConfigMap map = configMaps.read(key.name(), ages.atMost(key));
      seen(key, map, map.getImmutable());
      orEmpty(map.getData())
          .forEach((item, text) -> content.put(item, text.getBytes(StandardCharsets.UTF_8)));
      orEmpty(map.getBinaryData()).forEach((item, text) -> content.put(item, decode(text)));
    } catch (KubeException.NotFound e) {
      watches.seen(key, "", false);
      if (!Boolean.TRUE.equals(optional)) {
        throw new VolumeException("configmap \"" + name + "\" not found", e);
      }
    }
    String missing = "configmap references non-existent config key: ";
    addItems(files, content, items, mode, Boolean.TRUE.equals(optional), missing);
  }

  private void addSecret(
      Payload.Builder files,
      Pod pod,
      String name,
      @Nullable List<KeyToPath> items,
      int mode,
      @Nullable Boolean optional,
      Ages ages)
      throws InterruptedException {
    Map<String, byte[]> content = new TreeMap<>();
    ObjectKey key = new ObjectKey(ObjectKey.Kind.SECRET, nameOf(pod, name));
    try {
      Secret secret = secrets.read(key.name(), ages.atMost(key));
      seen(key, secret, secret.getImmutable());
      orEmpty(secret.getData()).forEach((item, text) -> content.put(item, decode(text)));
    } catch (KubeException.NotFound e) {
      watches.seen(key, "", false);
      if (!Boolean.TRUE.equals(optional)) {
        throw new VolumeException("secret \"" + name + "\" not found", e);
      }
    }
    String missing = "references non-existent secret key: ";
    addItems(files, content, items, mode, Boolean.TRUE.equals(optional), missing);
  }

  private static void addItems(
      Payload.Builder files,
      Map<String, byte[]> content,
      @Nullable List<KeyToPath> items,
      int mode,
      boolean optional,
      String missing) {
    if (items == null || items.isEmpty()) {
      content.forEach((key, bytes) -> files.add(key, bytes, mode));
      return;
    }
    for (KeyToPath item : items) {
      byte[] bytes = content.get(item.getKey());
      if (bytes != null) {
        files.add(item.getPath(), bytes, item.getMode() == null ? mode : item.getMode());
      } else if (!optional) {
        throw new VolumeException(missing + item.getKey());
      }
    }
  }

  private void addFields(
      Payload.Builder files, Pod pod, @Nullable List<DownwardAPIVolumeFile> items, int mode) {
    for (DownwardAPIVolumeFile item : PodFacts.orEmpty(items)) {
      String text =
          item.getFieldRef() != null
              ? DownwardApi.field(pod, item.getFieldRef().getFieldPath())
              : DownwardApi.resource(pod, item.getResourceFieldRef(), allocatable.get());
      files.add(item.getPath(), text, item.getMode() == null ? mode : item.getMode());
    }
  }

  private void addToken(
      Payload.Builder files, Pod pod, ServiceAccountTokenProjection wanted, int mode)
      throws InterruptedException {
    String token;
    try {
      token = tokens.token(pod, wanted).reveal();
    } catch (KubeException e) {
      throw new VolumeException("failed to fetch token: " + e.statusMessage(), e);
    }
    addPrivate(files, pod, wanted.getPath(), token, mode);
  }

  /** A file for the pod's user alone, where it has one. */
  private static void addPrivate(
      Payload.Builder files, Pod pod, String path, String content, int mode) {
    var user = PodFacts.onlyUser(pod);
    boolean narrow = user.isPresent() || PodFacts.fsGroup(pod).isPresent();
    files.addOwned(path, content, narrow ? PRIVATE_MODE : mode, user.orElse(Payload.ROOT));
  }

  private void seen(ObjectKey key, HasMetadata object, @Nullable Boolean immutable) {
    String version = object.getMetadata().getResourceVersion();
    watches.seen(key, version, Boolean.TRUE.equals(immutable));
  }

  private static ObjectName nameOf(Pod pod, String name) {
    return new ObjectName(pod.getMetadata().getNamespace(), name);
  }

  private static byte[] decode(String base64) {
    return Base64.getMimeDecoder().decode(base64);
  }

  private static int mode(@Nullable Integer mode) {
    return mode == null ? DEFAULT_MODE : mode;
  }

  private static Map<String, String> orEmpty(@Nullable Map<String, String> map) {
    return map == null ? Map.of() : map;
  }
}
