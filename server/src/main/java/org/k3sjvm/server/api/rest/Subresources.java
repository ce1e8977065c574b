package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.access.ServiceAccountTokens;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.DeleteOptions;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** Subresources with bodies of their own: scale, binding, eviction, token. */
final class Subresources {
  private static final Duration LONGEST_TOKEN = Duration.ofDays(365);
  private static final Duration SHORTEST_TOKEN = Duration.ofMinutes(10);
  private static final int DEFAULT_TOKEN_SECONDS = 3600;

  private final Registry registry;
  private final ServiceAccountTokens tokens;
  private final Budgets budgets;
  private final InstantSource clock;

  Subresources(Registry registry, ServiceAccountTokens tokens, InstantSource clock) {
    this.registry = registry;
    this.tokens = tokens;
    this.budgets = new Budgets(registry);
    this.clock = clock;
  }

  void scale(ApiRequest request, Kind kind, User user, Response response) throws IOException {
    Target target = Resources.target(request, kind, user).sub("");
    UnaryOperator<ObjectNode> change =
        switch (request.verb()) {
          case "get" -> object -> object;
          case "update" -> {
            ObjectNode body = Bodies.object(request.http());
            yield object -> applyScale(object, body);
          }
          case "patch" -> {
            var patch = Resources.patch(request.http(), "autoscaling.v1.Scale");
            yield object -> applyScale(object, patch.apply(scaleOf(object)));
          }
          default -> throw ApiException.methodNotAllowed();
        };
    ObjectNode object =
        request.verb().equals("get")
            ? Trees.parse(registry.get(kind, request.namespace(), request.name()).value())
            : registry.update(target, request.name(), change);
    Answers.json(response, 200, scaleOf(object));
  }

  private static ObjectNode applyScale(ObjectNode object, ObjectNode scale) {
    String version = Meta.resourceVersion(scale);
    if (!version.isEmpty()) {
      Meta.of(object).put("resourceVersion", version);
    }
    Trees.child(object, "spec").put("replicas", (int) Trees.number(scale, "spec", "replicas"));
    return object;
  }

  private static ObjectNode scaleOf(ObjectNode object) {
    ObjectNode scale = Trees.object().put("kind", "Scale").put("apiVersion", "autoscaling/v1");
    ObjectNode meta = scale.putObject("metadata");
    for (String field :
        new String[] {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
      meta.set(field, Meta.of(object).path(field));
    }
    scale.putObject("spec").put("replicas", (int) Trees.number(object, "spec", "replicas"));
    ObjectNode status = scale.putObject("status");
    status.put("replicas", (int) Trees.number(object, "status", "replicas"));
    StringBuilder selector = new StringBuilder();
    for (LabelSelector.Requirement r :
        LabelSelector.of(Trees.at(object, "spec", "selector")).requirements()) {
      if (r.operator() == LabelSelector.Operator.IN && r.values().size() == 1) {
        selector.append(selector.isEmpty() ? "" : ",").append(r.key()).append('=');
        selector.append(r.values().iterator().next());
      }
    }
    status.put("selector", selector.toString());
    return scale;
  }

  /** Puts a pod on a node. */
  void bind(ApiRequest request, User user, Response response) throws IOException {
    ObjectNode body = Bodies.object(request.http());
    String node = Trees.text(body, "target", "name");
    String name = request.name().isEmpty() ? Meta.name(body) : request.name();
    if (node.isEmpty()) {
      throw ApiException.badRequest("a binding names its node in target.name");
    }
    Target target =
        new Target(
            user,
            Kinds.POD,
            request.namespace(),
            "binding",
            Target.FieldValidation.IGNORE,
            Resources.target(request, Kinds.POD, user).dryRun());
    String uid = Meta.uid(body);
    registry.update(target, name, pod -> Bindings.bind(pod, node, uid, clock.instant()));
    Answers.json(response, 201, done());
  }

  private static ObjectNode done() {
    ObjectNode status = Trees.object().put("kind", "Status").put("apiVersion", "v1");
    status.putObject("metadata");
    return status.put("status", "Success").put("code", 201);
  }

  /** Deletes a pod when its disruption budgets allow. */
  void evict(ApiRequest request, User user, Response response) throws IOException {
    ObjectNode body = Bodies.object(request.http());
    ObjectNode pod =
        Trees.parse(registry.get(Kinds.POD, request.namespace(), request.name()).value());
    Target target = Resources.target(request, Kinds.POD, user).sub("");
    if (!Meta.deleting(pod)) {
      budgets.check(pod);
    }
    DeleteOptions options = DeleteOptions.read(body.path("deleteOptions"));
    registry.delete(target, request.name(), options);
    Answers.json(response, 201, done());
  }

  /** Issues a token of a service account. */
  void token(ApiRequest request, User user, Response response) throws IOException {
    ObjectNode body = Bodies.object(request.http());
    String namespace = request.namespace();
    ObjectNode account =
        Trees.parse(registry.get(Kinds.SERVICE_ACCOUNT, namespace, request.name()).value());
    Optional<ObjectNode> bound = Optional.empty();
    if (Trees.has(body, "spec", "boundObjectRef")) {
      bound = Optional.of(bound(body.path("spec").path("boundObjectRef"), request));
    }
    checkNode(user, request, bound);
    long asked = Trees.number(body, "spec", "expirationSeconds");
    Duration lifetime = Duration.ofSeconds(asked == 0 ? DEFAULT_TOKEN_SECONDS : asked);
    if (lifetime.compareTo(SHORTEST_TOKEN) < 0) {
      throw ApiException.invalid(
          Kinds.SERVICE_ACCOUNT,
          request.name(),
          java.util.List.of(
              new ApiException.Cause(
                  "FieldValueInvalid",
                  "Invalid value: " + asked + ": may not specify a duration less than 10 minutes",
                  "spec.expirationSeconds")));
    }
    Duration granted = lifetime.compareTo(LONGEST_TOKEN) > 0 ? LONGEST_TOKEN : lifetime;
    ServiceAccountTokens.Issued issued =
        tokens.issue(account, bound, Trees.texts(body, "spec", "audiences"), granted);
    body.put("kind", "TokenRequest").put("apiVersion", "authentication.k8s.io/v1");
    Trees.child(body, "metadata").put("name", request.name()).put("namespace", namespace);
    Trees.child(body, "spec").put("expirationSeconds", granted.toSeconds());
    if (Trees.at(body, "spec", "audiences").isEmpty()) {
      tokens.audiences().forEach(Trees.list(Trees.child(body, "spec"), "audiences")::add);
    }
    body.putObject("status")
        .put("token", issued.token())
        .put("expirationTimestamp", Trees.time(issued.expires()));
    Answers.json(response, 201, body);
  }

  private ObjectNode bound(com.fasterxml.jackson.databind.JsonNode ref, ApiRequest request) {
    Kind kind =
        switch (Trees.text(ref, "kind")) {
          case "Pod" -> Kinds.POD;
          case "Secret" -> Kinds.SECRET;
          case "Node" -> Kinds.NODE;
          default -> throw ApiException.badRequest("cannot bind token for object of type " + ref);
        };
    String namespace = kind.namespaced() ? request.namespace() : "";
    ObjectNode object = Trees.parse(registry.get(kind, namespace, Trees.text(ref, "name")).value());
    String uid = Trees.text(ref, "uid");
    if (!uid.isEmpty() && !uid.equals(Meta.uid(object))) {
      throw ApiException.conflict(
          kind,
          Meta.name(object),
          "the UID in the bound object reference ("
              + uid
              + ") does not match the UID in record. The object might have been deleted and then"
              + " recreated");
    }
    if (kind.equals(Kinds.POD)
        && !Trees.text(object, "spec", "serviceAccountName").equals(request.name())) {
      throw ApiException.badRequest(
          "cannot bind token for serviceaccount \""
              + request.name()
              + "\" to pod running with different serviceaccount name.");
    }
    return object;
  }

  /**
   * A kubelet gets tokens for its own pods only. Source: NodeRestriction of kube-apiserver v1.32.
   */
  private static void checkNode(User user, ApiRequest request, Optional<ObjectNode> bound) {
    Optional<String> node = user.node();
    if (node.isEmpty()) {
      return;
    }
    boolean own =
        bound.isPresent()
            && Trees.text(bound.get(), "kind").equals("Pod")
            && Trees.text(bound.get(), "spec", "nodeName").equals(node.get());
    if (!own) {
      throw ApiException.forbidden(
          Kinds.SERVICE_ACCOUNT,
          request.name(),
          "node requested token not bound to a pod that is scheduled on it");
    }
  }
}
