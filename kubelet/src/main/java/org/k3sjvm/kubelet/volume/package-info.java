/**
 * The volumes of pods as directories of this host. Open {@link
 * org.k3sjvm.kubelet.volume.PodVolumes} first. Which pods exist, and handing the directories to the
 * runtime, are left to {@code kubelet.pod}. Layout and rules are those of the Kubernetes kubelet
 * v1.36, packages pkg/volume and pkg/kubelet/volumemanager.
 */
@NullMarked
package org.k3sjvm.kubelet.volume;

import org.jspecify.annotations.NullMarked;
