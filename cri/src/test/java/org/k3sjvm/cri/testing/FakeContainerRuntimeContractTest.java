package org.k3sjvm.cri.testing;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ContainerRuntimeContract;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;

class FakeContainerRuntimeContractTest extends ContainerRuntimeContract {
  private final FakeContainerRuntime runtime = FakeContainerRuntime.create();

  @BeforeEach
  void prepare() {
    runtime.images().add(IMAGE);
    runtime.onExec((container, command) -> new ExecResult("out\n", "err\n", 5));
  }

  @Override
  protected ContainerRuntime runtime() {
    return runtime;
  }

  @Override
  protected ImageService images() {
    return runtime.images();
  }

  @Override
  protected ContainerConfig ending(int exitCode) {
    String name = "ends-" + exitCode;
    runtime.exitAtStart(name, exitCode);
    return ContainerConfig.builder(new ContainerMetadata(name, 0), ImageSpec.of(IMAGE))
        .command(List.of("sh", "-c", "exit " + exitCode))
        .build();
  }

  @Override
  protected void ignoreTerm(ContainerId container) {
    runtime.ignoreTerm(container);
  }
}
