package org.k3sjvm.kubelet.env;

import java.util.List;
import java.util.Optional;
import org.k3sjvm.kubelet.translate.ConfigException;

/**
 * A file of variables that a container wrote for others: lines {@code NAME='value'}, where the
 * value is taken as it stands and may go over several lines.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/util/env/env_util.go, ParseEnv.
 */
final class EnvFile {
  private final List<String> lines;
  private int at;

  private EnvFile(String text) {
    lines = text.lines().toList();
  }

  /**
   * The first value of a key; empty when there is none, or an empty one.
   *
   * @throws ConfigException for a line before it that is not of this form
   */
  static Optional<String> find(String text, String key) {
    return new EnvFile(text).find(key).filter(v -> !v.isEmpty());
  }

  private Optional<String> find(String key) {
    while (at < lines.size()) {
      String line = lines.get(at++).replaceFirst("^[ \t]+", "");
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      int equals = line.indexOf('=');
      if (equals < 0) {
        throw bad("missing '='");
      }
      String name = line.substring(0, equals);
      if (name.isBlank()) {
        throw bad("empty variable name");
      }
      if (!name.equals(name.stripTrailing())) {
        throw bad("whitespace before '=' is not allowed");
      }
      Optional<String> value = value(line.substring(equals + 1));
      if (name.equals(key)) {
        return value;
      }
    }
    return Optional.empty();
  }

  /** As a shell reads it, what follows a space is no part of the assignment. */
  private Optional<String> value(String rest) {
    if (rest.startsWith(" ") || rest.startsWith("\t")) {
      return Optional.empty();
    }
    if (!rest.startsWith("'")) {
      throw bad("value must be enclosed in single quotes");
    }
    StringBuilder value = new StringBuilder();
    String part = rest.substring(1);
    int end = part.indexOf('\'');
    while (end < 0) {
      value.append(part).append('\n');
      if (at == lines.size()) {
        throw bad("unclosed single quote");
      }
      part = lines.get(at++);
      end = part.indexOf('\'');
    }
    String after = part.substring(end + 1).strip();
    if (!after.isEmpty() && !after.startsWith("#")) {
      throw bad("unexpected content after closing quote");
    }
    return Optional.of(value.append(part, 0, end).toString());
  }

  private ConfigException bad(String why) {
    return new ConfigException(
        "couldn't parse env file: invalid environment variable format at line " + at + ": " + why);
  }
}
