package org.k3sjvm.kubelet.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.k3sjvm.http.Request;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;

/**
 * Asks the API server whether somebody may do something to this node, and remembers the answer.
 * Without an answer nobody may. Source: kubelet v1.36.3 pkg/kubelet/server/server.go
 * InstallAuthFilter, and the webhook authorizer's defaults.
 */
final class Authorizer {
  private static final String PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  private static final Duration ALLOWED = Duration.ofMinutes(5);
  private static final Duration DENIED = Duration.ofSeconds(30);
  private static final int MAX_CACHED = 1024;

  private final KubeApi api;
  private final String nodeName;
  private final ExpiringCache<Question, Boolean> answers;

  private record Question(User user, NodeAttributes attributes) {}

  Authorizer(KubeApi api, String nodeName, LongSupplier nanos) {
    this.api = api;
    this.nodeName = nodeName;
    this.answers = new ExpiringCache<>(MAX_CACHED, nanos);
  }

  /**
   * Returns when the user may.
   *
   * @throws ApiError 403 when not, 500 when the API server does not say
   */
  void require(User user, Request request) throws InterruptedException {
    List<NodeAttributes> attributes = NodeAttributes.of(request.method(), request.segments());
    for (NodeAttributes each : attributes) {
      if (isAllowed(user, each)) {
        return;
      }
    }
    throw new ApiError(403, "Forbidden " + describe(user, attributes));
  }

  private boolean isAllowed(User user, NodeAttributes attributes) throws InterruptedException {
    Question question = new Question(user, attributes);
    var known = answers.get(question);
    if (known.isPresent()) {
      return known.get();
    }
    JsonNode status;
    try {
      status = api.post(PATH, review(user, attributes)).path("status");
    } catch (KubeException e) {
      throw (ApiError)
          new ApiError(500, "Authorization error " + describe(user, List.of(attributes)))
              .initCause(e);
    }
    boolean allowed =
        status.path("allowed").asBoolean(false) && !status.path("denied").asBoolean(false);
    answers.put(question, allowed, allowed ? ALLOWED : DENIED);
    return allowed;
  }

  private ObjectNode review(User user, NodeAttributes attributes) {
    ObjectNode review = KubeJson.mapper().createObjectNode();
    review.put("apiVersion", "authorization.k8s.io/v1").put("kind", "SubjectAccessReview");
    ObjectNode spec = review.putObject("spec");
    spec.putObject("resourceAttributes")
        .put("verb", attributes.verb())
        .put("version", "v1")
        .put("resource", "nodes")
        .put("subresource", attributes.subresource())
        .put("name", nodeName);
    spec.put("user", user.name());
    if (!user.uid().isEmpty()) {
      spec.put("uid", user.uid());
    }
    addAll(spec.putArray("groups"), user.groups());
    ObjectNode extra = spec.putObject("extra");
    for (Map.Entry<String, List<String>> each : user.extra().entrySet()) {
      addAll(extra.putArray(each.getKey()), each.getValue());
    }
    return review;
  }

  private static void addAll(ArrayNode array, List<String> texts) {
    texts.forEach(array::add);
  }

  private static String describe(User user, List<NodeAttributes> attributes) {
    return "(user=%s, verb=%s, resource=nodes, subresource(s)=[%s])"
        .formatted(
            user.name(),
            attributes.getFirst().verb(),
            String.join(" ", attributes.stream().map(NodeAttributes::subresource).toList()));
  }
}
