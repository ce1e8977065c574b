package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import org.k3sjvm.http.BodyTooLargeException;
import org.k3sjvm.http.Handler;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.access.Attributes;
import org.k3sjvm.server.api.access.Authenticator;
import org.k3sjvm.server.api.access.Authorizer;
import org.k3sjvm.server.api.access.ServiceAccountTokens;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.StoreException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the Kubernetes API: who are you, may you, then what was asked. */
public final class ApiServer implements Handler {
  private static final Logger log = LoggerFactory.getLogger(ApiServer.class);
  private static final Set<String> TO_THE_KUBELET = Set.of("log", "exec", "attach", "portforward");
  private static final Set<String> HEALTH = Set.of("healthz", "livez", "readyz");

  private final Authenticator authenticator;
  private final Authorizer authorizer;
  private final Resources resources;
  private final Subresources subresources;
  private final PodProxy podProxy;
  private final NewerEvents newerEvents;
  private final Reviews reviews;
  private final KubeletProxy kubelets;
  private final Discovery discovery = new Discovery();
  private final OpenApiDocs openApi;
  private final ServiceAccountTokens tokens;
  private final String version;

  /**
   * Builds it.
   *
   * @param version what {@code /version} says, such as {@code v1.32.9+k3s1}
   */
  public ApiServer(
      Authenticator authenticator,
      Authorizer authorizer,
      Registry registry,
      ServiceAccountTokens tokens,
      KubeletConnector connector,
      String version,
      InstantSource clock) {
    this.authenticator = authenticator;
    this.authorizer = authorizer;
    this.resources = new Resources(registry, clock);
    this.subresources = new Subresources(registry, tokens, clock);
    this.podProxy = new PodProxy(registry);
    this.newerEvents = new NewerEvents(registry);
    this.reviews = new Reviews(authorizer, tokens);
    this.kubelets = new KubeletProxy(registry, connector);
    this.openApi = new OpenApiDocs(version);
    this.tokens = tokens;
    this.version = version;
  }

  @Override
  public void handle(Request http, Response response) throws IOException, InterruptedException {
    try {
      User user = authenticator.authenticate(http).orElseThrow(ApiException::unauthorized);
      ApiRequest request = ApiRequest.parse(http);
      authorize(user, request);
      answer(user, request, response);
    } catch (ApiException e) {
      fail(response, e);
    } catch (BodyTooLargeException e) {
      fail(response, ApiException.tooLarge(String.valueOf(e.getMessage())));
    } catch (StoreException.Unavailable e) {
      fail(response, ApiException.unavailable(String.valueOf(e.getMessage())));
    } catch (StoreException e) {
      fail(response, ApiException.internal(String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      log.atError()
          .setCause(e)
          .addKeyValue("method", http.method())
          .addKeyValue("path", http.path())
          .log("request failed");
      fail(response, ApiException.internal(e.getClass().getSimpleName()));
    }
  }

  private static void fail(Response response, ApiException e) throws IOException {
    if (response.committed()) {
      throw new IOException("failed after the head was sent: " + e.getMessage(), e);
    }
    Answers.failure(response, e);
  }

  private void authorize(User user, ApiRequest request) {
    if (request.http().headers().has("Impersonate-User")) {
      throw ApiException.forbidden("impersonation is not offered by this server");
    }
    Attributes asked = request.attributes();
    Authorizer.Decision decision = authorizer.decide(user, asked);
    if (!decision.allowed()) {
      throw refusal(user, request, asked, decision.reason());
    }
  }

  private static ApiException refusal(
      User user, ApiRequest request, Attributes asked, String reason) {
    String why = reason.isEmpty() ? "" : ": " + reason;
    if (!asked.isResource()) {
      return ApiException.forbidden(
          "forbidden: User \""
              + user.name()
              + "\" cannot "
              + asked.verb()
              + " path \""
              + asked.path()
              + "\""
              + why);
    }
    String text =
        "User \""
            + user.name()
            + "\" cannot "
            + asked.verb()
            + " resource \""
            + asked.full()
            + "\" in API group \""
            + asked.group()
            + "\""
            + (asked.namespace().isEmpty()
                ? " at the cluster scope"
                : " in the namespace \"" + asked.namespace() + "\"")
            + why;
    return request
        .kind()
        .map(kind -> ApiException.forbidden(kind, request.name(), text))
        .orElseGet(() -> ApiException.forbidden(text));
  }

  private void answer(User user, ApiRequest request, Response response)
      throws IOException, InterruptedException {
    if (!request.isResource()) {
      if (!discovery.answer(request, response)
          && !openApi.answer(request, response)
          && !plain(request, response)) {
        throw ApiException.noSuchPath();
      }
      return;
    }
    Kind kind = request.kind().orElseThrow(ApiException::noSuchPath);
    String sub = request.subresource();
    if (kind.equals(Kinds.BINDING)) {
      requireCreate(request);
      subresources.bind(request, user, response);
    } else if (kind.virtual()) {
      requireCreate(request);
      Answers.json(response, 201, reviews.answer(kind, user, Bodies.object(request.http())));
    } else if (!sub.isEmpty() && !kind.subresources().contains(sub)) {
      throw ApiException.noSuchPath();
    } else if (kind.equals(Kinds.NEWER_EVENT)) {
      newerEvents.handle(request, user, response);
    } else if (kind.equals(Kinds.POD) && TO_THE_KUBELET.contains(sub)) {
      kubelets.pod(request, response);
    } else if (kind.equals(Kinds.POD) && sub.equals("proxy")) {
      podProxy.handle(request, response);
    } else if (kind.equals(Kinds.NODE) && sub.equals("proxy")) {
      kubelets.node(request, response);
    } else {
      switch (sub) {
        case "scale" -> subresources.scale(request, kind, user, response);
        case "binding" -> subresources.bind(request, user, response);
        case "eviction" -> subresources.evict(request, user, response);
        case "token" -> subresources.token(request, user, response);
        default -> resources.handle(request, kind, user, response);
      }
    }
  }

  private static void requireCreate(ApiRequest request) {
    if (!request.verb().equals("create")) {
      throw ApiException.methodNotAllowed();
    }
  }

  private boolean plain(ApiRequest request, Response response) throws IOException {
    List<String> parts = request.http().segments();
    String first = parts.isEmpty() ? "" : parts.getFirst();
    if (HEALTH.contains(first)) {
      response.send(200, "text/plain; charset=utf-8", "ok");
      return true;
    }
    switch (first) {
      case "version" -> Answers.json(response, 200, versionInfo());
      case ".well-known" -> {
        if (!request.http().path().equals("/.well-known/openid-configuration")) {
          return false;
        }
        ObjectNode body = Trees.object().put("issuer", tokens.issuer());
        body.putArray("response_types_supported").add("id_token");
        body.putArray("subject_types_supported").add("public");
        Answers.json(response, 200, body);
      }
      case "" -> {
        ObjectNode body = Trees.object();
        var paths = body.putArray("paths");
        List.of("/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version")
            .forEach(paths::add);
        Answers.json(response, 200, body);
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private ObjectNode versionInfo() {
    String[] parts = version.substring(1).split("\\.", 3);
    return Trees.object()
        .put("major", parts[0])
        .put("minor", parts[1])
        .put("gitVersion", version)
        .put("gitCommit", "")
        .put("gitTreeState", "clean")
        .put("buildDate", "")
        .put("goVersion", "")
        .put("compiler", "javac")
        .put("platform", "linux/" + arch());
  }

  private static String arch() {
    return switch (System.getProperty("os.arch", "")) {
      case "amd64", "x86_64" -> "amd64";
      case "aarch64" -> "arm64";
      case String other -> other;
    };
  }
}
