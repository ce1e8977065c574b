package org.k3sjvm.kubelet.probe;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.kubelet.handler.HttpAnswer;
import org.k3sjvm.kubelet.handler.HttpException;
import org.k3sjvm.kubelet.handler.PodHttp;
import org.k3sjvm.kubelet.handler.PodSocket;
import org.k3sjvm.kubelet.handler.Texts;

/**
 * One probe, from the host's network to the pod's address, or in the container.
 *
 * <p>Source: Kubernetes v1.36 pkg/probe.
 */
public final class Checks {
  /** Source: Kubernetes v1.36 pkg/probe/exec/exec.go, maxReadLength. */
  private static final int OUTPUT = 10 * 1024;

  /** Source: kubelet v1.36 pkg/kubelet/prober/prober.go, maxProbeRetries. */
  private static final int TRIES = 3;

  private final ContainerRuntime runtime;

  /** Checks of this node's containers. */
  public Checks(ContainerRuntime runtime) {
    this.runtime = runtime;
  }

  /** Asks, again at once when the asking itself failed. */
  Answer ask(Question question, ContainerId id, Duration limit) throws InterruptedException {
    Answer answer = once(question, id, limit);
    for (int i = 1; i < TRIES && answer instanceof Answer.Unsure; i++) {
      answer = once(question, id, limit);
    }
    return answer;
  }

  private Answer once(Question question, ContainerId id, Duration limit)
      throws InterruptedException {
    return switch (question) {
      case Question.Exec(List<String> command) -> exec(id, command, limit);
      case Question.Http http -> get(http, limit);
      case Question.Tcp(String host, int port) -> connect(host, port, limit);
      case Question.Grpc(String host, int port, String service) ->
          GrpcHealth.check(host, port, service, limit);
      case Question.Impossible(String why) -> Answer.Unsure.unknown(why);
    };
  }

  private Answer exec(ContainerId id, List<String> command, Duration limit)
      throws InterruptedException {
    try {
      ExecResult result = runtime.execSync(id, command, limit);
      if (result.exitCode() == 0) {
        return new Answer.Good();
      }
      String output = result.stdout() + result.stderr();
      return new Answer.Bad(output.substring(0, Math.min(output.length(), OUTPUT)));
    } catch (CriException.DeadlineExceeded e) {
      return new Answer.Bad(
          "command timed out: \""
              + String.join(" ", command)
              + "\" timed out after "
              + Texts.duration(limit));
    } catch (CriException e) {
      return Answer.Unsure.unknown(e.detail());
    }
  }

  private static Answer connect(String host, int port, Duration limit) throws InterruptedException {
    try {
      PodSocket.dial(host, port, limit);
      return new Answer.Good();
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw interrupted(e);
      }
      return new Answer.Bad(String.valueOf(e.getMessage()));
    }
  }

  private static Answer get(Question.Http http, Duration limit) throws InterruptedException {
    try {
      HttpAnswer answer = PodHttp.get(http.request(), PodHttp.Follow.SAME_HOST, limit);
      int status = answer.status();
      if (status < 200 || status >= 400) {
        // What the body says is not for everybody who may read events.
        return new Answer.Bad("HTTP probe failed with statuscode: " + status);
      }
      return status < 300
          ? new Answer.Good()
          : new Answer.Warned("Probe terminated redirects, Response body: " + answer.body());
    } catch (HttpException e) {
      String text = String.valueOf(e.getMessage());
      return e.stage() == HttpException.Stage.BODY
          ? new Answer.Unsure("failure", text)
          : new Answer.Bad(text);
    }
  }

  static InterruptedException interrupted(IOException cause) {
    InterruptedException interrupted = new InterruptedException();
    interrupted.initCause(cause);
    return interrupted;
  }
}
