/**
 * From pods and policies to chains and sets, one change at a time. Open {@link
 * org.k3sjvm.networkpolicy.compile.PolicyModel} first. Bringing them to the kernel is left to its
 * callers; nothing here blocks. What policies mean is networking.k8s.io/v1.
 */
@NullMarked
package org.k3sjvm.networkpolicy.compile;

import org.jspecify.annotations.NullMarked;
