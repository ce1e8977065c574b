package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.Objects;
import java.util.Optional;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;

/**
 * Finds the volume behind a claim.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go.
 */
final class Claims {
  private static final String PROTECTION = "kubernetes.io/pvc-protection";

  private final KubeApi api;

  Claims(KubeApi api) {
    this.api = api;
  }

  /**
   * What a claim is bound to.
   *
   * @param readOnly whether the pod may only read it
   */
  record Bound(PersistentVolume volume, boolean readOnly) {
    String name() {
      return volume.getMetadata().getName();
    }

    boolean isBlock() {
      return "Block".equals(volume.getSpec().getVolumeMode());
    }
  }

  /** The claim that a volume names, or that is made for it; empty for volumes of other kinds. */
  static Optional<String> nameOf(Pod pod, Volume volume) {
    if (volume.getPersistentVolumeClaim() != null) {
      return Optional.of(volume.getPersistentVolumeClaim().getClaimName());
    }
    return volume.getEphemeral() != null
        ? Optional.of(pod.getMetadata().getName() + "-" + volume.getName())
        : Optional.empty();
  }

  /**
   * Asks the API server.
   *
   * @throws VolumeException when the claim is not usable, now or by this pod
   */
  Bound bound(Pod pod, Volume volume, String claimName) throws InterruptedException {
    ObjectName name = new ObjectName(pod.getMetadata().getNamespace(), claimName);
    PersistentVolumeClaim claim = claim(volume, name);
    if (volume.getEphemeral() != null && !owns(pod, claim)) {
      throw unusable(volume, notOwner(name, pod));
    }
    String attempt = "error processing PVC " + name + ": ";
    if (claim.getMetadata().getDeletionTimestamp() != null
        && !PodFacts.orEmpty(claim.getMetadata().getFinalizers()).contains(PROTECTION)) {
      throw unusable(volume, attempt + "PVC is being deleted");
    }
    if (claim.getStatus() == null || !"Bound".equals(claim.getStatus().getPhase())) {
      throw unusable(volume, attempt + "PVC is not bound");
    }
    String volumeName = claim.getSpec().getVolumeName();
    if (volumeName == null || volumeName.isEmpty()) {
      throw unusable(volume, attempt + "PVC has empty pvc.Spec.VolumeName");
    }
    PersistentVolume found;
    try {
      found = api.get(Resources.PERSISTENT_VOLUMES, ObjectName.ofCluster(volumeName));
    } catch (KubeException e) {
      String why = "failed to fetch PV " + volumeName + " from API server: " + e.statusMessage();
      throw unusable(volume, attempt + why);
    }
    check(volume, attempt, found, claim);
    boolean readOnly =
        volume.getPersistentVolumeClaim() != null
            && Boolean.TRUE.equals(volume.getPersistentVolumeClaim().getReadOnly());
    return new Bound(found, readOnly);
  }

  private PersistentVolumeClaim claim(Volume volume, ObjectName name) throws InterruptedException {
    try {
      return api.get(Resources.PERSISTENT_VOLUME_CLAIMS, name);
    } catch (KubeException e) {
      String why = "failed to fetch PVC from API server: " + e.statusMessage();
      throw unusable(volume, "error processing PVC " + name + ": " + why);
    }
  }

  private static void check(
      Volume volume, String attempt, PersistentVolume found, PersistentVolumeClaim claim) {
    ObjectReference reference = found.getSpec().getClaimRef();
    String subject = attempt + "found PV object " + found.getMetadata().getName() + " but ";
    if (reference == null) {
      throw unusable(
          volume,
          subject + "it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim");
    }
    if (!Objects.equals(reference.getUid(), claim.getMetadata().getUid())) {
      throw unusable(
          volume,
          subject
              + "its pv.Spec.ClaimRef.UID "
              + reference.getUid()
              + " does not point to claim.UID "
              + claim.getMetadata().getUid());
    }
  }

  private static boolean owns(Pod pod, PersistentVolumeClaim claim) {
    return PodFacts.orEmpty(claim.getMetadata().getOwnerReferences()).stream()
        .anyMatch(
            owner ->
                Boolean.TRUE.equals(owner.getController())
                    && Objects.equals(owner.getUid(), pod.getMetadata().getUid()));
  }

  private static String notOwner(ObjectName claim, Pod pod) {
    return "PVC "
        + claim
        + " was not created for pod "
        + ObjectName.of(pod)
        + " (pod is not owner)";
  }

  private static VolumeException unusable(Volume volume, String why) {
    return VolumeException.unprocessed(volume.getName(), why);
  }
}
