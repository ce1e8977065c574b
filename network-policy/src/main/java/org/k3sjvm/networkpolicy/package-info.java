/**
 * Network policies for the pods of this node. Nothing is built yet; rules of the kernel are left to
 * the module linux, Services to serviceproxy. Behaviour follows the API networking.k8s.io/v1, not
 * the deviations of the controller that k3s runs.
 */
@NullMarked
package org.k3sjvm.networkpolicy;

import org.jspecify.annotations.NullMarked;
