/**
 * Pods, namespaces and policies, without what no policy asks about. Open {@link
 * org.k3sjvm.networkpolicy.model.Policy} first. What follows from them is left to {@code compile}.
 * Meaning and defaults are those of networking.k8s.io/v1.
 */
@NullMarked
package org.k3sjvm.networkpolicy.model;

import org.jspecify.annotations.NullMarked;
