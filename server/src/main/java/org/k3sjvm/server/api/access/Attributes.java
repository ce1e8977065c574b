package org.k3sjvm.server.api.access;

import java.util.Optional;
import org.k3sjvm.server.api.select.FieldSelector;

/**
 * What is asked, in the words of authorization.
 *
 * @param verb such as {@code get}, {@code list}, {@code watch}; for a path the lower-case method
 * @param resource the plural; empty for a path that is no resource
 * @param name for lists the name that a field selector asks for; empty for all
 * @param path the whole path
 * @param fields the field selector; empty when none, or unknown
 */
public record Attributes(
    String verb,
    String group,
    String resource,
    String subresource,
    String namespace,
    String name,
    String path,
    Optional<FieldSelector> fields) {
  /** A request for a path that is no resource. */
  public static Attributes ofPath(String verb, String path) {
    return new Attributes(verb, "", "", "", "", "", path, Optional.empty());
  }

  public boolean isResource() {
    return !resource.isEmpty();
  }

  /** {@code nodes} or {@code nodes/status}. */
  public String full() {
    return subresource.isEmpty() ? resource : resource + "/" + subresource;
  }

  boolean reads() {
    return verb.equals("get") || verb.equals("list") || verb.equals("watch");
  }
}
