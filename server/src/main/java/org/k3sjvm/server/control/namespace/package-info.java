/**
 * Namespaces: what each begins with, and how one ends. Open {@link
 * org.k3sjvm.server.control.namespace.NamespaceReconciler} first. Refusing new objects in a
 * namespace that ends is left to the API. Behaviour follows kube-controller-manager v1.36
 * pkg/controller/{namespace,serviceaccount} and certificates/rootcacertpublisher.
 */
@NullMarked
package org.k3sjvm.server.control.namespace;

import org.jspecify.annotations.NullMarked;
