package org.k3sjvm.kubelet.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.secret.Seal;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.memory.ApiMemory;
import org.k3sjvm.kube.memory.Key;
import org.k3sjvm.kube.memory.RememberingApi;
import org.k3sjvm.kube.memory.Silence;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;

@Timeout(30)
class PodSourceTest {
  @TempDir private Path directory;

  private final FakeKubeApi api = new FakeKubeApi();
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

  private final PodListener listener =
      new PodListener() {
        @Override
        public void update(DesiredPod pod) {
          told.add("update " + pod.pod().getMetadata().getName());
        }

        @Override
        public void removed(PodUid uid) {
          told.add("removed " + uid.value());
        }

        @Override
        public void synced() {
          told.add("synced");
        }
      };

  @Test
  void tellsRememberedPodsAtOnceAndCallsNoneUnknownBeforeAServerAnswers() throws Exception {
    Pod stays = api.create(Resources.PODS, pod("stays"));
    Pod goes = api.create(Resources.PODS, pod("goes"));
    ApiMemory memory =
        ApiMemory.open(directory, new Seal("test", List.of(new byte[32])), Sleeper.SYSTEM);
    for (Pod pod : List.of(stays, goes)) {
      memory.keep(
          Key.of(Resources.PODS, ObjectName.of(pod)),
          pod.getMetadata().getUid(),
          () -> KubeJson.write(pod));
    }
    api.delete(Resources.PODS, ObjectName.of(goes), DeleteRequest.now(goes.getMetadata().getUid()));
    api.failNext(
        FakeKubeApi.Verb.LIST, new KubeException.Unavailable("list pods", "no route", null));
    Silence silence = new Silence(InstantSource.system());
    silence.assume();
    RememberingApi remembering =
        new RememberingApi(api, memory, Set.of(Resources.PODS), silence, InstantSource.system());

    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("pods", new PodSource(remembering, "n1", listener));

      assertThat(List.of(next(), next())).containsExactlyInAnyOrder("update stays", "update goes");
      assertThat(next()).isEqualTo("removed " + goes.getMetadata().getUid());
      assertThat(next()).isEqualTo("synced");
    }
  }

  private String next() throws InterruptedException {
    return String.valueOf(told.poll(20, TimeUnit.SECONDS));
  }

  private static Pod pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .withNodeName("n1")
        .addNewContainer()
        .withName("c")
        .withImage("busybox")
        .endContainer()
        .endSpec()
        .build();
  }
}
