package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.KubeJson;

class VolumeReportTest {
  @Test
  void tellsOfEachVolumeThatIsUsedWhereItIsOrWhyItIsNot() {
    Pod pod =
        KubeJson.read(
            """
            {"metadata":{"name":"web","uid":"1"},"spec":{
             "containers":[{"name":"c","volumeMounts":[{"name":"conf","mountPath":"/c"},
                                                       {"name":"data","mountPath":"/d"},
                                                       {"name":"late","mountPath":"/l"}]}],
             "volumes":[{"name":"conf","configMap":{"name":"x"}},{"name":"data","nfs":{"path":"/",
                         "server":"s"}},{"name":"late","emptyDir":{}},{"name":"unused",
                         "emptyDir":{}}]}}
            """,
            Pod.class);
    Path conf = Path.of("/var/lib/kubelet/pods/1/volumes/conf");

    assertThat(
            VolumeReport.of(
                pod,
                Map.of("conf", MountedVolume.ofPodReadOnly(conf)),
                Map.of("data", "no answer")))
        .containsExactly(
            new VolumeReport("conf", "configMap", Optional.of(conf), Optional.empty()),
            new VolumeReport("data", "nfs", Optional.empty(), Optional.of("no answer")),
            new VolumeReport("late", "emptyDir", Optional.empty(), Optional.empty()));
  }
}
