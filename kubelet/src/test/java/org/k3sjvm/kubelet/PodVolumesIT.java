package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.testing.TestImages;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.image.ImageSettings;

/** Volumes as the processes of pods see them. */
@Tag("host")
class PodVolumesIT {
  /** A quarter of what the next look at the pod would take. */
  private static final Duration SOON = Duration.ofSeconds(15);

  private static String spec(String fields, String mounts, String volumes, String script) {
    return "{'restartPolicy': 'Never', "
        + fields
        + " 'containers': [{'name': 'app', 'image': '"
        + TestImages.BUSYBOX
        + "', 'imagePullPolicy': 'Never', 'volumeMounts': ["
        + mounts
        + "], 'command': ['sh', '-c', '"
        + script
        + "']}], 'volumes': ["
        + volumes
        + "]}";
  }

  private static <T> T read(String json, Class<T> type) {
    return KubeJson.read(json.replace('\'', '"'), type);
  }

  private static ConfigMap configMap(String name, String value) {
    return read(
        "{'metadata': {'name': '%s', 'namespace': 'default'}, 'data': {'key': '%s'}}"
            .formatted(name, value),
        ConfigMap.class);
  }

  @Test
  void filesFollowTheirObjectsAndThePodWhileItRuns() throws Exception {
    try (RealKubelet kubelet =
        RealKubelet.start(PrivateContainerd.start(), ImageSettings.DEFAULT)) {
      kubelet.api.create(Resources.CONFIG_MAPS, configMap("known", "one"));
      kubelet.create(
          "live",
          spec(
              "",
              "{'name': 'known', 'mountPath': '/known'}, {'name': 'late', 'mountPath': '/late'},"
                  + " {'name': 'info', 'mountPath': '/known/info'}",
              "{'name': 'known', 'configMap': {'name': 'known'}},"
                  + " {'name': 'late', 'projected': {'sources': [{'configMap': {'name': 'late',"
                  + " 'optional': true}}]}},"
                  + " {'name': 'info', 'downwardAPI': {'items': [{'path': 'labels', 'fieldRef':"
                  + " {'fieldPath': 'metadata.labels'}}]}}",
              "until grep -q two /known/key && grep -q here /late/key && grep -q back /known/info/labels;"
                  + " do sleep 0.1; done 2>/dev/null; echo all changed"));
      kubelet.await("live", p -> "Running".equals(p.getStatus().getPhase()));

      Instant changed = Instant.now();
      kubelet.api.update(Resources.CONFIG_MAPS, configMap("known", "two"));
      kubelet.api.create(Resources.CONFIG_MAPS, configMap("late", "here"));
      kubelet.api.patch(
          Resources.PODS,
          new ObjectName("default", "live"),
          new Patch.Strategic(read("{'metadata': {'labels': {'tier': 'back'}}}", JsonNode.class)));

      assertThat(kubelet.saidBy("live")).contains("all changed");
      assertThat(Duration.between(changed, Instant.now())).isLessThan(SOON);
    }
  }

  @Test
  void aClaimedDirectoryAndMemoryBelongToThePodsGroup() throws Exception {
    try (RealKubelet kubelet =
        RealKubelet.start(PrivateContainerd.start(), ImageSettings.DEFAULT)) {
      Path disk = Files.createDirectories(kubelet.root.resolveSibling("disk"));
      Files.writeString(disk.resolve("file"), "kept");
      Files.createSymbolicLink(disk.resolve("out"), Path.of("/etc"));
      claim(kubelet, disk);
      kubelet.create(
          "grouped",
          spec(
              "'securityContext': {'fsGroup': 4321},",
              "{'name': 'disk', 'mountPath': '/disk'},"
                  + " {'name': 'disk', 'mountPath': '/part', 'subPath': 'a/b'},"
                  + " {'name': 'disk', 'mountPath': '/only', 'readOnly': true},"
                  + " {'name': 'memory', 'mountPath': '/memory'}",
              "{'name': 'disk', 'persistentVolumeClaim': {'claimName': 'claim'}},"
                  + " {'name': 'memory', 'emptyDir': {'medium': 'Memory', 'sizeLimit': '1Mi'}}",
              "echo $(cat /disk/file) of $(stat -c %g /disk/file); echo new > /part/file;"
                  + " touch /only/x || echo read-only;"
                  + " echo memory of $(stat -c %g /memory), $(df -k /memory | grep -o 1024);"
                  + " dd if=/dev/zero of=/memory/x bs=1M count=2 || echo full"));

      assertThat(kubelet.saidBy("grouped"))
          .contains("kept of 4321")
          .contains("read-only")
          .contains("memory of 4321, 1024")
          .contains("full");
      assertThat(disk.resolve("a/b/file")).hasContent("new");

      // Only now: the first pod on a local volume is the one whose group it gets.
      kubelet.create(
          "escaping",
          spec(
              "",
              "{'name': 'disk', 'mountPath': '/x', 'subPath': 'out/cron.d'}",
              "{'name': 'disk', 'persistentVolumeClaim': {'claimName': 'claim'}}",
              "ls /x"));
      kubelet.awaitEvent("escaping", "Warning Failed Error: ");
      kubelet.await(
          "escaping",
          p ->
              RealKubelet.wait(p)
                  .filter(w -> w.startsWith("CreateContainerConfigError: "))
                  .isPresent());
    }
  }

  private static void claim(RealKubelet kubelet, Path disk) {
    PersistentVolumeClaim claim =
        kubelet.api.create(
            Resources.PERSISTENT_VOLUME_CLAIMS,
            read(
                "{'metadata': {'name': 'claim', 'namespace': 'default'},"
                    + " 'spec': {'volumeName': 'pv'}, 'status': {'phase': 'Bound'}}",
                PersistentVolumeClaim.class));
    kubelet.api.create(
        Resources.PERSISTENT_VOLUMES,
        read(
            "{'metadata': {'name': 'pv'}, 'spec': {'local': {'path': '%s'}, 'claimRef': {'uid': '%s'}}}"
                .formatted(disk, claim.getMetadata().getUid()),
            PersistentVolume.class));
  }
}
