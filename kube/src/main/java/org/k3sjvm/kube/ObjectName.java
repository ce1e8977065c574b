package org.k3sjvm.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;

/**
 * What an object is called within its kind.
 *
 * @param namespace empty for objects of the cluster
 * @param name never empty
 */
public record ObjectName(String namespace, String name) implements Comparable<ObjectName> {
  public ObjectName {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("an object needs a name");
    }
  }

  /** The name of an object of the cluster, such as a Node. */
  public static ObjectName ofCluster(String name) {
    return new ObjectName("", name);
  }

  public static ObjectName of(HasMetadata object) {
    ObjectMeta metadata = object.getMetadata();
    String namespace = metadata.getNamespace();
    return new ObjectName(namespace == null ? "" : namespace, metadata.getName());
  }

  @Override
  public int compareTo(ObjectName other) {
    int byNamespace = namespace.compareTo(other.namespace);
    return byNamespace != 0 ? byNamespace : name.compareTo(other.name);
  }

  /** {@code namespace/name}, or {@code name} alone. */
  @Override
  public String toString() {
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }
}
