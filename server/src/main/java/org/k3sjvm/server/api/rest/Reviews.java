package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.access.Attributes;
import org.k3sjvm.server.api.access.Authorizer;
import org.k3sjvm.server.api.access.ServiceAccountTokens;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.select.FieldSelector;
import org.k3sjvm.server.api.tree.Trees;

/** Objects that are questions: their status is the answer, and nothing is kept. */
final class Reviews {
  private final Authorizer authorizer;
  private final ServiceAccountTokens tokens;

  Reviews(Authorizer authorizer, ServiceAccountTokens tokens) {
    this.authorizer = authorizer;
    this.tokens = tokens;
  }

  ObjectNode answer(Kind kind, User user, ObjectNode review) {
    review.put("apiVersion", kind.apiVersion()).put("kind", kind.kind());
    Trees.child(review, "metadata");
    if (kind.equals(Kinds.TOKEN_REVIEW)) {
      token(review);
    } else if (kind.equals(Kinds.SELF_SUBJECT_REVIEW)) {
      describe(review.putObject("status").putObject("userInfo"), user);
    } else if (kind.equals(Kinds.SELF_SUBJECT_ACCESS_REVIEW)) {
      access(review, user);
    } else if (kind.equals(Kinds.SELF_SUBJECT_RULES_REVIEW)) {
      rules(review, user);
    } else {
      access(review, subject(review.path("spec")));
    }
    return review;
  }

  private static User subject(JsonNode spec) {
    Map<String, List<String>> extra = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : spec.path("extra").properties()) {
      extra.put(entry.getKey(), Trees.texts(entry.getValue()));
    }
    return new User(
        Trees.text(spec, "user"), Trees.text(spec, "uid"), Trees.texts(spec, "groups"), extra);
  }

  private void access(ObjectNode review, User user) {
    JsonNode spec = review.path("spec");
    Attributes asked;
    if (spec.has("resourceAttributes")) {
      asked = resource(spec.path("resourceAttributes"));
    } else if (spec.has("nonResourceAttributes")) {
      JsonNode path = spec.path("nonResourceAttributes");
      asked = Attributes.ofPath(Trees.text(path, "verb"), Trees.text(path, "path"));
    } else {
      throw ApiException.badRequest(
          "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    }
    Authorizer.Decision decision = authorizer.decide(user, asked);
    ObjectNode status = review.putObject("status").put("allowed", decision.allowed());
    if (!decision.reason().isEmpty()) {
      status.put("reason", decision.reason());
    }
  }

  private static Attributes resource(JsonNode spec) {
    Optional<FieldSelector> fields =
        Kinds.all().stream()
            .filter(kind -> kind.is(Trees.text(spec, "group"), Trees.text(spec, "resource")))
            .findFirst()
            .filter(_ -> Trees.has(spec, "fieldSelector", "rawSelector"))
            .map(
                kind ->
                    FieldSelector.parse(kind, Trees.text(spec, "fieldSelector", "rawSelector")));
    return new Attributes(
        Trees.text(spec, "verb"),
        Trees.text(spec, "group"),
        Trees.text(spec, "resource"),
        Trees.text(spec, "subresource"),
        Trees.text(spec, "namespace"),
        Trees.text(spec, "name"),
        "",
        fields);
  }

  private void token(ObjectNode review) {
    List<String> wanted = Trees.texts(review, "spec", "audiences");
    Optional<ServiceAccountTokens.Reviewed> found =
        tokens.review(
            Trees.text(review, "spec", "token"), wanted.isEmpty() ? tokens.audiences() : wanted);
    ObjectNode status = review.putObject("status").put("authenticated", found.isPresent());
    describe(status.putObject("user"), found);
    if (found.isPresent()) {
      ArrayNode audiences = status.putArray("audiences");
      found.get().audiences().forEach(audiences::add);
    } else {
      status.put("error", "the token does not hold");
    }
  }

  private static void describe(ObjectNode info, Optional<ServiceAccountTokens.Reviewed> found) {
    found.ifPresent(reviewed -> describe(info, reviewed.user()));
  }

  private static void describe(ObjectNode info, User user) {
    info.put("username", user.name());
    if (!user.uid().isEmpty()) {
      info.put("uid", user.uid());
    }
    ArrayNode groups = info.putArray("groups");
    user.groups().forEach(groups::add);
    if (!user.extra().isEmpty()) {
      ObjectNode extra = info.putObject("extra");
      user.extra().forEach((key, values) -> values.forEach(Trees.list(extra, key)::add));
    }
  }

  /** What can be told without rules to list: all, or looking around. */
  private static void rules(ObjectNode review, User user) {
    ObjectNode status = review.putObject("status");
    boolean all = user.in(User.MASTERS);
    ArrayNode resources = status.putArray("resourceRules");
    ArrayNode paths = status.putArray("nonResourceRules");
    if (all) {
      ObjectNode rule = resources.addObject();
      for (String field : new String[] {"verbs", "apiGroups", "resources"}) {
        rule.putArray(field).add("*");
      }
    }
    ObjectNode rule = paths.addObject();
    rule.putArray("verbs").add(all ? "*" : "get");
    ArrayNode list = rule.putArray("nonResourceURLs");
    for (String path :
        all ? new String[] {"*"} : new String[] {"/api/*", "/apis/*", "/openapi/*", "/version"}) {
      list.add(path);
    }
    status.put("incomplete", !all);
  }
}
