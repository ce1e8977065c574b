package org.k3sjvm.kube;

/**
 * Which objects of a kind.
 *
 * @param namespace empty for all namespaces
 * @param fieldSelector such as {@code spec.nodeName=n1}; empty for none
 * @param labelSelector such as {@code app=web,!canary}; empty for none
 */
public record Selection(String namespace, String fieldSelector, String labelSelector) {
  public static final Selection ALL = new Selection("", "", "");

  /** The one object of that name, in the form that the node authorizer asks for. */
  public static Selection named(ObjectName name) {
    return new Selection(name.namespace(), "metadata.name=" + name.name(), "");
  }

  public static Selection inNamespace(String namespace) {
    return new Selection(namespace, "", "");
  }

  /** Over all namespaces, by field. */
  public static Selection byField(String fieldSelector) {
    return new Selection("", fieldSelector, "");
  }

  /** Over all namespaces, by label. */
  public static Selection byLabel(String labelSelector) {
    return new Selection("", "", labelSelector);
  }
}
