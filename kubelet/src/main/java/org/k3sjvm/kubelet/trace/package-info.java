/**
 * Where the time goes while a pod starts. Open {@link org.k3sjvm.kubelet.trace.PodStarts} first.
 * What a pod does next is decided in {@code kubelet.pod}; here it is only timed. The names of the
 * metrics are those of kubelet v1.36 pkg/kubelet/metrics where it has them.
 */
@NullMarked
package org.k3sjvm.kubelet.trace;

import org.jspecify.annotations.NullMarked;
