package org.k3sjvm.server.api.kind;

import java.util.List;
import java.util.Set;

/**
 * A built-in kind.
 *
 * @param group empty for the core group
 * @param plural the name in paths
 * @param schema the name of its type in the schema table
 * @param namespaced whether its objects live in namespaces
 * @param subresources such as {@code status}
 * @param virtual whether it is only created and never stored, as reviews are
 */
public record Kind(
    String group,
    String version,
    String kind,
    String plural,
    String schema,
    boolean namespaced,
    List<String> shortNames,
    List<String> categories,
    Set<String> subresources,
    boolean virtual) {
  public Kind {
    shortNames = List.copyOf(shortNames);
    categories = List.copyOf(categories);
    subresources = Set.copyOf(subresources);
  }

  public String singular() {
    return kind.toLowerCase(java.util.Locale.ROOT);
  }

  /** {@code v1} or {@code apps/v1}. */
  public String apiVersion() {
    return group.isEmpty() ? version : group + "/" + version;
  }

  /** {@code pods} or {@code deployments.apps}, as messages name it. */
  public String resource() {
    return group.isEmpty() ? plural : plural + "." + group;
  }

  /** What all keys of this kind begin with. */
  public String prefix() {
    return (group.isEmpty() ? "core" : group) + "/" + plural + "/";
  }

  /** What the keys of a namespace begin with; of all namespaces when it is empty. */
  public String prefix(String namespace) {
    return namespace.isEmpty() ? prefix() : prefix() + namespace + "/";
  }

  public String key(String namespace, String name) {
    return namespaced ? prefix() + namespace + "/" + name : prefix() + name;
  }

  public boolean hasStatus() {
    return subresources.contains("status");
  }

  public boolean is(String otherGroup, String otherPlural) {
    return group.equals(otherGroup) && plural.equals(otherPlural);
  }
}
