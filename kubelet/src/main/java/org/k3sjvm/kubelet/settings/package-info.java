/**
 * What a user can set of a kubelet, checked. Open {@link
 * org.k3sjvm.kubelet.settings.KubeletSettings} first. Reading flags and files is left to the agent,
 * acting on a value to the package that it concerns. Names, defaults and ranges are those of the
 * Kubernetes kubelet v1.36, KubeletConfiguration v1beta1, with the values that k3s v1.36 gives it.
 */
@NullMarked
package org.k3sjvm.kubelet.settings;

import org.jspecify.annotations.NullMarked;
