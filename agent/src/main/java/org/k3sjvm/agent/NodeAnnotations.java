package org.k3sjvm.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Duration;
import java.util.Optional;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.node.AgentNodePatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the node's addresses, labels and arguments on its Node as soon as there is one; the
 * server's cloud controller waits for them. Source: k3s v1.36.3 pkg/agent/run.go.
 */
final class NodeAnnotations {
  private static final Logger log = LoggerFactory.getLogger(NodeAnnotations.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final AgentNodePatch wanted;
  private final KubeApi kubelet;
  private final Sleeper sleeper;

  NodeAnnotations(AgentNodePatch wanted, KubeApi kubelet, Sleeper sleeper) {
    this.wanted = wanted;
    this.kubelet = kubelet;
    this.sleeper = sleeper;
  }

  /** Waits for the node to be registered and returns when it says what it should. */
  void write(Gate<Node> registered) throws InterruptedException {
    Node node = registered.await();
    ObjectName name = ObjectName.of(node);
    while (true) {
      try {
        Optional<JsonNode> operations = wanted.operations(node);
        if (operations.isPresent()) {
          kubelet.patch(Resources.NODES, name, new Patch.Json(operations.get()));
        }
        return;
      } catch (KubeException e) {
        log.atWarn()
            .addKeyValue("node", name)
            .addKeyValue("retryIn", RETRY)
            .setCause(e)
            .log("cannot annotate the node");
        sleeper.sleep(RETRY);
        node = newest(name, node);
      }
    }
  }

  private Node newest(ObjectName name, Node otherwise) throws InterruptedException {
    try {
      return kubelet.get(Resources.NODES, name);
    } catch (KubeException e) {
      log.atDebug().setCause(e).log("cannot read the node");
      return otherwise;
    }
  }
}
