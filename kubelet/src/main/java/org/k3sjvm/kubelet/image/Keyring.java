package org.k3sjvm.kubelet.image;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.kube.KubeJson;

/**
 * Registry credentials by the images they are for.
 *
 * <p>Source: Kubernetes v1.36 pkg/credentialprovider/keyring.go and config.go.
 */
public final class Keyring {
  private final Map<String, List<RegistryAuth>> byPattern =
      new TreeMap<>(Comparator.reverseOrder());

  /**
   * Takes in a docker configuration.
   *
   * @param json of {@code .dockerconfigjson}, or the older {@code .dockercfg} without the outer
   *     object
   * @throws IllegalArgumentException when it is not JSON
   */
  public void add(String json) {
    JsonNode root = KubeJson.read(json, JsonNode.class);
    JsonNode auths = root.has("auths") ? root.get("auths") : root;
    auths
        .properties()
        .forEach(
            e ->
                byPattern
                    .computeIfAbsent(pattern(e.getKey()), _ -> new ArrayList<>())
                    .add(auth(e.getValue())));
  }

  /** Credentials to try for an image, the closest first; empty for an anonymous pull. */
  public List<RegistryAuth> of(String image) {
    String full = qualified(image);
    List<RegistryAuth> found = new ArrayList<>();
    byPattern.forEach(
        (pattern, auths) -> {
          if (matches(pattern, full)) {
            found.addAll(auths);
          }
        });
    return found;
  }

  private static RegistryAuth auth(JsonNode entry) {
    String user = entry.path("username").asText();
    String password = entry.path("password").asText();
    String joined = entry.path("auth").asText();
    if (user.isEmpty() && !joined.isEmpty()) {
      String plain = new String(Base64.getMimeDecoder().decode(joined), StandardCharsets.UTF_8);
      int colon = plain.indexOf(':');
      if (colon >= 0) {
        user = plain.substring(0, colon);
        password = plain.substring(colon + 1);
      }
    }
    Secret none = new Secret("");
    return new RegistryAuth(
        user,
        new Secret(password),
        none,
        "",
        new Secret(entry.path("identitytoken").asText()),
        none);
  }

  private static String pattern(String key) {
    String bare = key.replaceFirst("^https?://", "").replaceFirst("/v[12]/?$", "");
    String hub = bare.equals("index.docker.io") ? "docker.io" : bare;
    return hub.endsWith("/") ? hub.substring(0, hub.length() - 1) : hub;
  }

  private static String qualified(String image) {
    int slash = image.indexOf('/');
    String first = slash < 0 ? "" : image.substring(0, slash);
    boolean host = first.contains(".") || first.contains(":") || first.equals("localhost");
    return host ? image : "docker.io/" + image;
  }

  /** Host by DNS label with globs, then port, then the beginning of the path. */
  private static boolean matches(String pattern, String image) {
    String[] wanted = pattern.split("/", 2);
    String[] is = image.split("/", 2);
    if (!hostMatches(wanted[0], is[0])) {
      return false;
    }
    String path = wanted.length > 1 ? wanted[1] : "";
    String name = is.length > 1 ? is[1] : "";
    return path.isEmpty()
        || name.equals(path)
        || name.startsWith(path + "/")
        || name.startsWith(path + ":")
        || name.startsWith(path + "@");
  }

  private static boolean hostMatches(String pattern, String host) {
    String[] wanted = pattern.split("\\.", -1);
    String[] is = host.split("\\.", -1);
    if (wanted.length != is.length) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      String regex = ("\\Q" + wanted[i] + "\\E").replace("*", "\\E.*\\Q");
      if (!is[i].matches(regex)) {
        return false;
      }
    }
    return true;
  }
}
