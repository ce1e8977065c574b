package org.k3sjvm.server.api.access;

import java.util.Set;
import org.k3sjvm.server.api.registry.Registry;

/**
 * Who may do what: the administrators all, each node what concerns it, the agents' helpers a fixed
 * list, everybody who is known may look around; all else is refused.
 */
public final class Authorizer {
  private static final Set<String> PUBLIC_PATHS =
      Set.of("/healthz", "/livez", "/readyz", "/version", "/version/");
  private static final Set<String> DISCOVERY = Set.of("/api", "/apis", "/openapi", "/.well-known");
  private static final Set<String> SELF_REVIEWS =
      Set.of("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews");

  private final NodeAuthorizer nodes;

  public Authorizer(Registry registry) {
    this.nodes = new NodeAuthorizer(registry);
  }

  /** The answer, with a reason for a refusal that says more than "no". */
  public record Decision(boolean allowed, String reason) {
    static final Decision YES = new Decision(true, "");
    static final Decision NO = new Decision(false, "");

    static Decision of(boolean allowed) {
      return allowed ? YES : NO;
    }

    static Decision no(String reason) {
      return new Decision(false, reason);
    }
  }

  public Decision decide(User user, Attributes asked) {
    if (user.in(User.MASTERS)) {
      return Decision.YES;
    }
    if (everybodyMay(asked)) {
      return Decision.of(user.in(User.AUTHENTICATED));
    }
    if (!asked.isResource()) {
      return Decision.NO;
    }
    if (user.node().isPresent()) {
      return nodes.decide(user.node().get(), asked);
    }
    return switch (user.name()) {
      case "system:k3s-controller" -> Decision.of(controllerMay(asked));
      case "system:kube-proxy" -> Decision.of(proxyMay(asked));
      default -> Decision.NO;
    };
  }

  private static boolean everybodyMay(Attributes asked) {
    if (!asked.isResource()) {
      return asked.verb().equals("get")
          && (PUBLIC_PATHS.contains(asked.path())
              || DISCOVERY.stream()
                  .anyMatch(
                      path -> asked.path().equals(path) || asked.path().startsWith(path + "/")));
    }
    return asked.verb().equals("create")
        && SELF_REVIEWS.contains(asked.resource())
        && (asked.group().equals("authorization.k8s.io")
            || asked.group().equals("authentication.k8s.io"));
  }

  /** Source: k3s v1.36.3 manifests/rolebindings.yaml, system:k3s-controller. */
  private static boolean controllerMay(Attributes asked) {
    boolean watches = asked.verb().equals("list") || asked.verb().equals("watch");
    return switch (asked.group() + "/" + asked.full()) {
      case "/nodes", "/endpoints", "/pods", "discovery.k8s.io/endpointslices" -> asked.reads();
      case "/nodes/status" -> asked.verb().equals("patch");
      case "/namespaces", "networking.k8s.io/networkpolicies" -> watches;
      default -> false;
    };
  }

  /** Source: kube-apiserver v1.32 bootstrap policy, system:node-proxier. */
  private static boolean proxyMay(Attributes asked) {
    boolean watches = asked.verb().equals("list") || asked.verb().equals("watch");
    return switch (asked.group() + "/" + asked.full()) {
      case "/services",
          "/endpoints",
          "discovery.k8s.io/endpointslices",
          "networking.k8s.io/servicecidrs" ->
          watches;
      case "/nodes" -> asked.reads();
      case "/events", "events.k8s.io/events" ->
          Set.of("create", "patch", "update").contains(asked.verb());
      default -> false;
    };
  }
}
