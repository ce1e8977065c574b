package org.k3sjvm.kubelet.image;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An image as a pod names it.
 *
 * <p>Source: the grammar of github.com/distribution/reference v0.6, and kubelet v1.36
 * pkg/util/parsers.
 *
 * @param text as written
 * @param repository in full, such as {@code docker.io/library/busybox}; credentials are found by it
 * @param tag empty when none is written
 * @param digest empty when none is written
 */
record ImageName(String text, String repository, Optional<String> tag, Optional<String> digest) {
  private static final String HUB = "docker.io";
  private static final int LONGEST_REPOSITORY = 255;
  private static final int LONGEST_TEXT = 1024; // repository, tag of 128 and digest, with room

  private static final String LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*+(?<!-))?+";
  private static final String DOMAIN =
      "(?:" + LABEL + "(?:\\." + LABEL + ")*+|\\[[a-fA-F0-9:]++\\])(?::[0-9]++)?+";
  private static final String WORD = "[a-z0-9]++(?:(?:\\.|__|_|-++)[a-z0-9]++)*+";
  private static final Pattern REFERENCE =
      Pattern.compile(
          "("
              + DOMAIN
              + "/"
              + WORD
              + "(?:/"
              + WORD
              + ")*+)(?::([a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}+))?+"
              + "(?:@([A-Za-z][A-Za-z0-9]*+(?:[-_+.][A-Za-z][A-Za-z0-9]*+)*+:[0-9a-fA-F]{32,}+))?+");
  private static final Pattern IDENTIFIER = Pattern.compile("[a-f0-9]{64}");
  private static final Pattern SHA256 = Pattern.compile("sha256:[0-9a-f]{64}");

  /**
   * Takes a name apart.
   *
   * @throws IllegalArgumentException when it is none; the message says how
   */
  static ImageName parse(String text) {
    if (text.length() > LONGEST_TEXT) {
      throw new IllegalArgumentException("couldn't parse image name: it is too long");
    }
    if (IDENTIFIER.matcher(text).matches()) {
      throw invalid(
          text,
          "invalid repository name (" + text + "), cannot specify 64-byte hexadecimal strings");
    }
    String full = withRegistry(text);
    String path = full.substring(full.indexOf('/') + 1);
    String remote = path.indexOf(':') < 0 ? path : path.substring(0, path.indexOf(':'));
    if (!remote.toLowerCase(Locale.ROOT).equals(remote)) {
      throw invalid(
          text, "invalid reference format: repository name (" + remote + ") must be lowercase");
    }
    Matcher match = REFERENCE.matcher(full);
    if (!match.matches()) {
      throw invalid(text, "invalid reference format");
    }
    String repository = match.group(1);
    if (repository.length() > LONGEST_REPOSITORY) {
      throw invalid(
          text, "repository name must not be more than " + LONGEST_REPOSITORY + " characters");
    }
    Optional<String> digest = Optional.ofNullable(match.group(3));
    if (digest.filter(d -> d.startsWith("sha256:") && !SHA256.matcher(d).matches()).isPresent()) {
      throw invalid(text, "invalid checksum digest length");
    }
    return new ImageName(text, repository, Optional.ofNullable(match.group(2)), digest);
  }

  /** As written, with the tag {@code latest} when there is neither tag nor digest. */
  String tagged() {
    return tag.isEmpty() && digest.isEmpty() ? text + ":latest" : text;
  }

  /** What the API server makes of an image without a pull policy. */
  String defaultPolicy() {
    String effective = tag.orElse(digest.isEmpty() ? "latest" : "");
    return effective.equals("latest") ? "Always" : "IfNotPresent";
  }

  private static String withRegistry(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return HUB + "/library/" + text;
    }
    String first = text.substring(0, slash);
    boolean registry =
        first.equals("localhost")
            || first.contains(".")
            || first.contains(":")
            || !first.toLowerCase(Locale.ROOT).equals(first);
    String domain = !registry || first.equals("index.docker.io") ? HUB : first;
    String path = registry ? text.substring(slash + 1) : text;
    boolean bare = domain.equals(HUB) && path.indexOf('/') < 0;
    return domain + (bare ? "/library/" : "/") + path;
  }

  private static IllegalArgumentException invalid(String text, String why) {
    return new IllegalArgumentException("couldn't parse image name \"" + text + "\": " + why);
  }
}
