package org.k3sjvm.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * A kind of object and where the API serves it.
 *
 * @param apiVersion {@code v1} or {@code group/version}
 * @param plural the lower-case name in paths, such as {@code pods}
 * @param kind such as {@code Pod}
 * @param type the class that its JSON is read into
 * @param namespaced whether its objects live in namespaces
 */
public record Resource<T extends HasMetadata>(
    String apiVersion, String plural, String kind, Class<T> type, boolean namespaced) {

  /** The path of the collection; of all namespaces when the namespace is empty. */
  public String path(String namespace) {
    if (!namespaced && !namespace.isEmpty()) {
      throw new IllegalArgumentException(plural + " have no namespace, not " + namespace);
    }
    String root = apiVersion.indexOf('/') < 0 ? "/api/" + apiVersion : "/apis/" + apiVersion;
    return namespace.isEmpty()
        ? root + "/" + plural
        : root + "/namespaces/" + segment(namespace) + "/" + plural;
  }

  /** The path of one object. */
  public String path(ObjectName name) {
    if (namespaced && name.namespace().isEmpty()) {
      throw new IllegalArgumentException(plural + " need a namespace: " + name);
    }
    return path(name.namespace()) + "/" + segment(name.name());
  }

  @Override
  public String toString() {
    return plural;
  }

  private static String segment(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
