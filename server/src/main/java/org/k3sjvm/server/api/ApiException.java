package org.k3sjvm.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.k3sjvm.server.api.kind.Kind;

/**
 * A request that is answered with a {@code metav1.Status} of failure. Source: Kubernetes API
 * conventions, "HTTP status codes" and "Response status kind".
 */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int code;
  private final String reason;
  private final transient ObjectNode details;

  private ApiException(int code, String reason, String message, ObjectNode details) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /**
   * A field that is wrong.
   *
   * @param reason such as {@code FieldValueInvalid}
   * @param field its path, such as {@code spec.replicas}
   */
  public record Cause(String reason, String message, String field) {}

  private static ObjectNode details(Kind kind, String name) {
    ObjectNode details = JsonNodeFactory.instance.objectNode();
    if (!name.isEmpty()) {
      details.put("name", name);
    }
    if (!kind.group().isEmpty()) {
      details.put("group", kind.group());
    }
    return details.put("kind", kind.plural());
  }

  private static ObjectNode none() {
    return JsonNodeFactory.instance.objectNode();
  }

  public static ApiException notFound(Kind kind, String name) {
    return new ApiException(
        404, "NotFound", kind.resource() + " \"" + name + "\" not found", details(kind, name));
  }

  /** The path itself is unknown. */
  public static ApiException noSuchPath() {
    return new ApiException(
        404, "NotFound", "the server could not find the requested resource", none());
  }

  public static ApiException alreadyExists(Kind kind, String name) {
    return new ApiException(
        409,
        "AlreadyExists",
        kind.resource() + " \"" + name + "\" already exists",
        details(kind, name));
  }

  public static ApiException conflict(Kind kind, String name, String why) {
    return new ApiException(
        409,
        "Conflict",
        "Operation cannot be fulfilled on " + kind.resource() + " \"" + name + "\": " + why,
        details(kind, name));
  }

  /** The object was changed meanwhile. */
  public static ApiException modified(Kind kind, String name) {
    return conflict(
        kind,
        name,
        "the object has been modified; please apply your changes to the latest version and try"
            + " again");
  }

  public static ApiException invalid(Kind kind, String name, List<Cause> causes) {
    ObjectNode details = details(kind, name).put("kind", kind.kind());
    ArrayNode list = details.putArray("causes");
    StringBuilder text = new StringBuilder();
    for (Cause cause : causes) {
      list.addObject()
          .put("reason", cause.reason())
          .put("message", cause.message())
          .put("field", cause.field());
      text.append(text.isEmpty() ? "" : ", ").append(cause.field()).append(": ");
      text.append(cause.message());
    }
    String all = causes.size() > 1 ? "[" + text + "]" : text.toString();
    return new ApiException(
        422,
        "Invalid",
        kind.kind()
            + (kind.group().isEmpty() ? "" : "." + kind.group())
            + " \""
            + name
            + "\" is invalid: "
            + all,
        details);
  }

  public static ApiException badRequest(String message) {
    return new ApiException(400, "BadRequest", message, none());
  }

  public static ApiException unauthorized() {
    return new ApiException(401, "Unauthorized", "Unauthorized", none());
  }

  public static ApiException forbidden(String message) {
    return new ApiException(403, "Forbidden", message, none());
  }

  public static ApiException forbidden(Kind kind, String name, String why) {
    return new ApiException(
        403,
        "Forbidden",
        kind.resource() + (name.isEmpty() ? "" : " \"" + name + "\"") + " is forbidden: " + why,
        details(kind, name));
  }

  /** The namespace is going away. */
  public static ApiException terminating(Kind kind, String name, String namespace) {
    ApiException e =
        forbidden(
            kind,
            name,
            "unable to create new content in namespace "
                + namespace
                + " because it is being terminated");
    e.details
        .putArray("causes")
        .addObject()
        .put("reason", "NamespaceTerminating")
        .put("message", "namespace " + namespace + " is being terminated")
        .put("field", "metadata.namespace");
    return e;
  }

  public static ApiException expired(String message) {
    return new ApiException(410, "Expired", message, none());
  }

  public static ApiException methodNotAllowed() {
    return new ApiException(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
        none());
  }

  public static ApiException notAcceptable(String offered) {
    return new ApiException(
        406, "NotAcceptable", "only the following media types are accepted: " + offered, none());
  }

  public static ApiException unsupportedMediaType(String got, String accepted) {
    return new ApiException(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format (" + got + "); accepted: " + accepted,
        none());
  }

  public static ApiException tooLarge(String why) {
    return new ApiException(
        413, "RequestEntityTooLarge", "Request entity too large: " + why, none());
  }

  public static ApiException tooManyRequests(String message) {
    ObjectNode details = none().put("retryAfterSeconds", 1);
    return new ApiException(429, "TooManyRequests", message, details);
  }

  /** An eviction that would break a disruption budget. */
  public static ApiException budget(String message) {
    ApiException e =
        tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.");
    e.details
        .putArray("causes")
        .addObject()
        .put("reason", "DisruptionBudget")
        .put("message", message);
    return e;
  }

  public static ApiException internal(String message) {
    return new ApiException(500, "InternalError", "Internal error occurred: " + message, none());
  }

  public static ApiException unavailable(String message) {
    return new ApiException(503, "ServiceUnavailable", message, none());
  }

  /** What a backend answered, such as a kubelet. */
  public static ApiException ofBackend(int code, String message) {
    String reason =
        switch (code) {
          case 400 -> "BadRequest";
          case 401 -> "Unauthorized";
          case 403 -> "Forbidden";
          case 404 -> "NotFound";
          default -> "InternalError";
        };
    return new ApiException(code, reason, message, none());
  }

  public int code() {
    return code;
  }

  public String reason() {
    return reason;
  }

  /** The answer's body. */
  public ObjectNode status() {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.put("kind", "Status").put("apiVersion", "v1").putObject("metadata");
    status.put("status", "Failure").put("message", getMessage()).put("reason", reason);
    if (!details.isEmpty()) {
      status.set("details", details);
    }
    return status.put("code", code);
  }
}
