import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxSandboxConfig;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.grpc.CriChannel;
import org.k3sjvm.cri.grpc.CriEndpoint;
import org.k3sjvm.cri.grpc.CriTimeouts;
import org.k3sjvm.cri.grpc.GrpcContainerRuntime;

/** CriFloor SOCKET COUNT PARALLEL LOGS: that many sandboxes with one container each through CRI alone, then their removal. */
final class CriFloor {
  public static void main(String[] arguments) throws Exception {
    int count = Integer.parseInt(arguments[1]);
    int parallel = Integer.parseInt(arguments[2]);
    try (CriChannel channel = CriChannel.open(CriEndpoint.parse(arguments[0]))) {
      ContainerRuntime runtime = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
      runtime.version();
      var sandboxes = new ConcurrentLinkedQueue<SandboxId>();
      time("up", count, parallel, i -> sandboxes.add(start(runtime, Path.of(arguments[3]), i)));
      time("gone", count, parallel, i -> stop(runtime, sandboxes.remove()));
    }
  }

  private interface Step {
    void take(int index) throws Exception;
  }

  private static void time(String name, int count, int parallel, Step step) throws Exception {
    long began = System.nanoTime();
    var permits = new Semaphore(parallel);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var tasks = new java.util.ArrayList<Future<?>>();
      for (int i = 0; i < count; i++) {
        int index = i;
        tasks.add(threads.submit(() -> {
          permits.acquire();
          try {
            step.take(index);
          } finally {
            permits.release();
          }
          return index;
        }));
      }
      for (Future<?> task : tasks) {
        task.get();
      }
    }
    System.out.printf("%s %.2f%n", name, (System.nanoTime() - began) / 1e9);
  }

  private static SandboxId start(ContainerRuntime runtime, Path logs, int index) throws Exception {
    String name = "floor-" + index;
    var config =
        new PodSandboxConfig(
            new PodSandboxMetadata(name, "floor", UUID.randomUUID().toString(), 0),
            name,
            logs.resolve(name).toString(),
            Optional.empty(),
            List.of(),
            Map.of(),
            Map.of(),
            LinuxSandboxConfig.DEFAULT);
    SandboxId sandbox = runtime.runPodSandbox(config, "");
    var container =
        ContainerConfig.builder(new ContainerMetadata("c", 0), ImageSpec.of("docker.io/library/busybox:1"))
            .command(List.of("sleep", "100000"))
            .logPath("c.log")
            .build();
    ContainerId id = runtime.createContainer(sandbox, container, config);
    runtime.startContainer(id);
    return sandbox;
  }

  private static void stop(ContainerRuntime runtime, SandboxId sandbox) throws Exception {
    runtime.stopPodSandbox(sandbox);
    runtime.removePodSandbox(sandbox);
  }
}
