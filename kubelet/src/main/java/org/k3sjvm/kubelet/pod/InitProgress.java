package org.k3sjvm.kubelet.pod;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How far the init containers are.
 *
 * @param steps what is next for those whose turn it is or was, by name, in spec order
 */
public record InitProgress(State state, Map<String, ContainerStep> steps) {
  /** Whether regular containers may start. */
  public enum State {
    /** Some are still to run. */
    UNDER_WAY,
    /** Regular containers may run. */
    DONE,
    /** One failed and is not tried again. */
    FAILED
  }

  /**
   * Progress within one sandbox, read from the last container backwards, for earlier ones may
   * already be gone. Source: kubelet v1.36 kuberuntime_container.go, computeInitContainerActions.
   */
  static InitProgress of(PodView view, ObservedSandbox sandbox, PodMemory memory, Instant now) {
    List<ContainerSpec> init = view.desired().init();
    Map<String, ContainerStep> steps = new LinkedHashMap<>();
    if (begun(view, sandbox)) {
      init.stream()
          .filter(ContainerSpec::sidecar)
          .forEach(s -> steps.put(s.name(), ContainerStep.of(s, view, sandbox, memory, now)));
      return new InitProgress(State.DONE, steps);
    }
    int reached = lastMade(view, sandbox, init);
    for (int i = 0; i < init.size(); i++) {
      ContainerSpec spec = init.get(i);
      if (i < reached && !spec.sidecar()) {
        continue;
      }
      ContainerStep step = ContainerStep.of(spec, view, sandbox, memory, now);
      steps.put(spec.name(), step);
      Optional<State> end = i < reached ? Optional.empty() : endsHere(spec, step, view);
      if (end.isPresent()) {
        return new InitProgress(end.get(), steps);
      }
    }
    return new InitProgress(State.DONE, steps);
  }

  /** Empty when the next container's turn has come. */
  private static Optional<State> endsHere(ContainerSpec spec, ContainerStep step, PodView view) {
    return switch (step) {
      case ContainerStep.Ended(ObservedContainer last) ->
          last.exited() && last.exitCode() == 0 ? Optional.empty() : Optional.of(State.FAILED);
      case ContainerStep.Keep(ObservedContainer running) ->
          spec.sidecar() && view.started(spec, running)
              ? Optional.empty()
              : Optional.of(State.UNDER_WAY);
      case ContainerStep.Start _, ContainerStep.Stop _, ContainerStep.Wait _ ->
          Optional.of(State.UNDER_WAY);
    };
  }

  private static int lastMade(PodView view, ObservedSandbox sandbox, List<ContainerSpec> init) {
    for (int i = init.size() - 1; i >= 0; i--) {
      if (view.observed().newest(init.get(i).name(), sandbox.id()).isPresent()) {
        return i;
      }
    }
    return 0;
  }

  /** Whether a regular container was made in the sandbox: then init is over, whatever is left. */
  private static boolean begun(PodView view, ObservedSandbox sandbox) {
    return view.desired().regular().stream()
        .anyMatch(c -> view.observed().newest(c.name(), sandbox.id()).isPresent());
  }
}
