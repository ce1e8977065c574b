package org.k3sjvm.kubelet.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.kube.KubeJson;

/**
 * Reads logins by registry from what the docker command line writes. Faults never show any of the
 * text: it holds passwords.
 *
 * <p>Source: Kubernetes v1.36 pkg/credentialprovider/config.go.
 */
final class DockerConfigs {
  private static final Secret NONE = new Secret("");

  private DockerConfigs() {}

  /**
   * Of {@code config.json} and {@code .dockerconfigjson}, whose logins are below {@code auths}.
   *
   * @throws IllegalArgumentException when it is not such a text
   */
  static Map<String, RegistryAuth> read(String json) {
    JsonNode auths = object(tree(json), "the configuration").path("auths");
    return auths.isMissingNode() || auths.isNull() ? Map.of() : logins(auths);
  }

  /** Of {@code .dockercfg}, which is the logins alone. */
  static Map<String, RegistryAuth> readLegacy(String json) {
    return logins(tree(json));
  }

  private static Map<String, RegistryAuth> logins(JsonNode auths) {
    Map<String, RegistryAuth> logins = new LinkedHashMap<>();
    object(auths, "the list of logins")
        .properties()
        .forEach(e -> logins.put(e.getKey(), login(object(e.getValue(), "a login"))));
    return logins;
  }

  private static RegistryAuth login(JsonNode entry) {
    String user = text(entry, "username");
    String password = text(entry, "password");
    String joined = text(entry, "auth");
    if (!joined.isEmpty()) {
      String plain = decoded(joined);
      int colon = plain.indexOf(':');
      if (colon < 0) {
        throw new IllegalArgumentException("auth of a login is not base64 of user:password");
      }
      user = plain.substring(0, colon);
      password = plain.substring(colon + 1);
    }
    return new RegistryAuth(
        user,
        new Secret(password),
        NONE,
        "",
        new Secret(text(entry, "identitytoken")),
        new Secret(text(entry, "registrytoken")));
  }

  private static String decoded(String base64) {
    try {
      byte[] bytes = Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) { // its message shows a part of the text
      throw new IllegalArgumentException("auth of a login is not base64");
    }
  }

  private static String text(JsonNode entry, String field) {
    JsonNode value = entry.path(field);
    if (!value.isTextual() && !value.isMissingNode() && !value.isNull()) {
      throw new IllegalArgumentException(field + " of a login is not a text");
    }
    return value.asText("");
  }

  private static JsonNode object(JsonNode node, String what) {
    if (!node.isObject()) {
      throw new IllegalArgumentException(what + " is not a JSON object");
    }
    return node;
  }

  private static JsonNode tree(String json) {
    try {
      return KubeJson.mapper().readTree(json);
    } catch (JsonProcessingException _) { // its message shows a part of the text
      throw new IllegalArgumentException("not JSON");
    }
  }
}
