package org.k3sjvm.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Path and query of a request.
 *
 * @param raw as on the wire, such as {@code /api/v1/pods?watch=true}
 * @param segments the decoded parts of the path between slashes, empty ones left out; never {@code
 *     .} or {@code ..}, so that a rule about a prefix cannot be walked around
 * @param query the decoded parameters
 */
public record RequestTarget(String raw, List<String> segments, Query query) {
  public RequestTarget {
    segments = List.copyOf(segments);
  }

  /**
   * Reads the origin form of RFC 9112, section 3.2.1.
   *
   * @throws IllegalArgumentException when it does not begin with a slash, an escape is broken, or a
   *     segment is a dot or two
   */
  public static RequestTarget parse(String raw) {
    if (!raw.startsWith("/")) {
      throw new IllegalArgumentException("the request target is not a path: " + raw);
    }
    int mark = raw.indexOf('?');
    String path = mark < 0 ? raw : raw.substring(0, mark);
    List<String> segments = new ArrayList<>();
    for (String part : path.split("/", -1)) {
      String segment = decode(part);
      if (segment.equals(".") || segment.equals("..") || segment.indexOf(0) >= 0) {
        throw new IllegalArgumentException("the request target climbs: " + raw);
      }
      if (!segment.isEmpty()) {
        segments.add(segment);
      }
    }
    return new RequestTarget(
        raw, segments, mark < 0 ? Query.EMPTY : Query.parse(raw.substring(mark + 1)));
  }

  /** The decoded path; a decoded slash inside a segment cannot be told apart, see segments. */
  public String path() {
    int mark = raw.indexOf('?');
    return decode(mark < 0 ? raw : raw.substring(0, mark));
  }

  /** Whether the path ends with a slash, as a directory does. */
  public boolean isDirectory() {
    int mark = raw.indexOf('?');
    return (mark < 0 ? raw : raw.substring(0, mark)).endsWith("/");
  }

  private static String decode(String part) {
    // In a path a plus is a plus.
    return part.indexOf('%') < 0
        ? part
        : URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}
