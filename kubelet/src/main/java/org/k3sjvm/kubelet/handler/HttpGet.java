package org.k3sjvm.kubelet.handler;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HTTPHeader;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One question over HTTP. Source: Kubernetes v1.36 pkg/probe/http/request.go, and Go's net/http.
 *
 * @param target path and query as they are sent
 * @param asked the {@code Host} that was asked for; empty for that of the address
 * @param headers in the order they are sent, without {@code Host}
 */
public record HttpGet(
    boolean tls, String host, int port, String target, String asked, List<Header> headers) {
  private static final String VERSION = "1.36";

  /** Written by the protocol itself, whatever is asked for. */
  private static final List<String> OWN = List.of("Content-Length", "Transfer-Encoding", "Trailer");

  /** A field of a head. */
  public record Header(String name, String value) {}

  public HttpGet {
    headers = List.copyOf(headers);
  }

  /**
   * The question that an action describes.
   *
   * @param podIp asked unless the action names a host
   * @param purpose {@code probe} or {@code lifecycle}
   * @throws IllegalArgumentException when there is no such port
   */
  public static HttpGet of(
      HTTPGetAction action, Container container, String podIp, String purpose) {
    String host = Objects.requireNonNullElse(action.getHost(), "");
    Map<String, List<String>> fields = fields(action.getHttpHeaders());
    fields.putIfAbsent("Accept", List.of("*/*"));
    List<String> agent = fields.remove("User-Agent");
    List<String> asked = fields.remove("Host");
    if (fields.getOrDefault("Accept", List.of("")).getFirst().isEmpty()) {
      fields.remove("Accept");
    }
    OWN.forEach(fields::remove);
    List<Header> headers = new ArrayList<>();
    String name = agent == null ? "kube-" + purpose + "/" + VERSION : agent.getFirst();
    if (!name.isEmpty()) {
      headers.add(new Header("User-Agent", name));
    }
    fields.forEach((field, values) -> values.forEach(v -> headers.add(new Header(field, v))));
    headers.add(new Header("Connection", "close"));
    return new HttpGet(
        "HTTPS".equals(action.getScheme()),
        host.isEmpty() ? podIp : host,
        Ports.of(action.getPort(), container),
        target(Objects.requireNonNullElse(action.getPath(), "")),
        asked == null ? "" : asked.getFirst(),
        headers);
  }

  /** What {@code kube-probe} and its like call themselves. */
  public static String userAgent(String purpose) {
    return "kube-" + purpose + "/" + VERSION;
  }

  /** {@code http://10.0.0.1:80/path}. */
  public String url() {
    return (tls ? "https://" : "http://") + Texts.address(host, port) + target;
  }

  /** The same in plain text, and without what only the encrypted server may know. */
  public HttpGet inPlainText() {
    return new HttpGet(
        false,
        host,
        port,
        target,
        asked,
        headers.stream().filter(h -> !h.name().equals("Authorization")).toList());
  }

  /** The bytes of the head, as text. */
  String head() {
    StringBuilder head = new StringBuilder(192);
    head.append("GET ").append(target).append(" HTTP/1.1\r\nHost: ");
    head.append(asked.isEmpty() ? Texts.address(host, port) : asked).append("\r\n");
    for (Header header : headers) {
      head.append(header.name()).append(": ").append(header.value()).append("\r\n");
    }
    return head.append("\r\n").toString();
  }

  /**
   * The question that an answer points to.
   *
   * @throws HttpException when the place is none that HTTP leads to
   */
  HttpGet redirected(String location) throws HttpException {
    URI to;
    boolean relative;
    try {
      URI given = new URI(location.replace(" ", "%20"));
      relative = !given.isAbsolute();
      to = new URI(url()).resolve(given);
    } catch (URISyntaxException e) {
      throw new HttpException(
          "Get \"" + url() + "\": failed to parse Location header \"" + location + "\"");
    }
    String scheme = String.valueOf(to.getScheme());
    if (to.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
      throw new HttpException("Get \"" + to + "\": unsupported protocol scheme \"" + scheme + "\"");
    }
    boolean toTls = scheme.equals("https");
    List<Header> next = new ArrayList<>(headers);
    if (!tls || toTls) {
      next.removeIf(h -> h.name().equals("Referer"));
      next.add(new Header("Referer", url()));
    }
    String path = Optional.ofNullable(to.getRawPath()).filter(p -> !p.isEmpty()).orElse("/");
    return new HttpGet(
        toTls,
        to.getHost().replaceAll("[\\[\\]]", ""),
        to.getPort() >= 0 ? to.getPort() : toTls ? 443 : 80,
        to.getRawQuery() == null ? path : path + "?" + to.getRawQuery(),
        relative ? asked : "",
        next);
  }

  /** By name as HTTP writes it, in the order of names. */
  private static Map<String, List<String>> fields(List<HTTPHeader> given) {
    Map<String, List<String>> fields = new TreeMap<>();
    for (HTTPHeader header : given == null ? List.<HTTPHeader>of() : given) {
      String value = Objects.requireNonNullElse(header.getValue(), "");
      fields
          .computeIfAbsent(canonical(header.getName()), _ -> new ArrayList<>())
          .add(value.replaceAll("[\r\n]", " ").strip());
    }
    return fields;
  }

  /** {@code x-my-name} is {@code X-My-Name}. */
  private static String canonical(String name) {
    StringBuilder out = new StringBuilder(name.length());
    boolean upper = true;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c <= ' ' || c == ':' || c > '~') {
        throw new IllegalArgumentException("net/http: invalid header field name \"" + name + "\"");
      }
      out.append(upper ? Character.toUpperCase(c) : Character.toLowerCase(c));
      upper = c == '-';
    }
    return out.toString();
  }

  /** Path and query of what may be a path, a whole URL, or nothing of the kind. */
  private static String target(String given) {
    int hash = given.indexOf('#');
    String text = hash < 0 ? given : given.substring(0, hash);
    text = text.replaceFirst("^([a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?]*", "");
    if (text.matches("(?s).*%(?![0-9a-fA-F]{2}).*")) {
      return rooted(escaped(text.replace("%", "%25").replace("?", "%3F")));
    }
    int mark = text.indexOf('?');
    return mark < 0
        ? rooted(escaped(text))
        : rooted(escaped(text.substring(0, mark)))
            + "?"
            + text.substring(mark + 1).replace(" ", "%20");
  }

  private static String rooted(String path) {
    return path.startsWith("/") ? path : "/" + path;
  }

  /** What may not stand in a path as it is. */
  private static String escaped(String path) {
    StringBuilder out = new StringBuilder(path.length());
    for (byte b : path.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (c > ' ' && c < 0x7f && "\"<>\\^`{|}".indexOf(c) < 0) {
        out.append(c);
      } else {
        out.append("%%%02X".formatted((int) c));
      }
    }
    return out.toString();
  }
}
