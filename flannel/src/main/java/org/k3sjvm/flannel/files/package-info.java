/**
 * The files by which the host learns of the pods' network. Open {@link
 * org.k3sjvm.flannel.files.CniConfig} first. Who runs the CNI plugins is left to the container
 * runtime. Contents follow k3s v1.36.3 pkg/agent/flannel, flannel v0.28 pkg/subnet and CNI 1.0.
 */
@NullMarked
package org.k3sjvm.flannel.files;

import org.jspecify.annotations.NullMarked;
