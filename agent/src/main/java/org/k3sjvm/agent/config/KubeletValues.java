package org.k3sjvm.agent.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The kubelet's settings by their path in KubeletConfiguration, each with where it came from. A
 * later file is merged over earlier ones: maps by key, everything else as a whole. Flags come last
 * and replace what files say; a flag that is given again adds to itself.
 *
 * <p>Source: kubelet v1.36 cmd/kubelet/app/server.go, mergeKubeletConfigurations and
 * kubeletConfigFlagPrecedence.
 */
final class KubeletValues {
  private static final Pattern DURATION_PART =
      Pattern.compile("(\\d+(?:\\.\\d*)?|\\.\\d+)(ns|us|µs|ms|s|m|h)");

  /** A value: a text, a list or a map. */
  private record Entry(Object value, String origin) {}

  private final Map<String, Entry> entries = new TreeMap<>();
  private final Set<String> flagged = new HashSet<>();
  private final Problems problems;

  KubeletValues(Problems problems) {
    this.problems = problems;
  }

  /** Merges the content of a file. */
  void merge(Map<?, ?> content, Path file) {
    merge("", content, file);
  }

  private void merge(String prefix, Map<?, ?> content, Path file) {
    content.forEach(
        (key, value) -> {
          String path = prefix + key;
          KubeletFlag known = KubeletFlag.BY_PATH.get(path);
          if (value == null) {
            entries.keySet().removeIf(is -> is.equals(path) || is.startsWith(path + "."));
          } else if (known == null && value instanceof Map<?, ?> map) {
            merge(path + ".", map, file);
          } else {
            entries.put(path, new Entry(merged(path, value), file + ": " + path));
          }
        });
  }

  private Object merged(String path, Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      return value instanceof List<?> list ? list : value.toString();
    }
    Map<String, Object> both = new LinkedHashMap<>(map(path));
    map.forEach(
        (key, item) -> {
          if (item == null) {
            both.remove(key.toString());
          } else {
            both.put(key.toString(), item);
          }
        });
    return both;
  }

  /** Takes a flag in. */
  void flag(KubeletFlag flag, String value) {
    String origin = "--kubelet-arg=" + flag.name();
    Entry before = flagged.add(flag.path()) ? null : entries.get(flag.path());
    if (flag.path().equals("featureGates")) {
      before = entries.get(flag.path());
    }
    Object is =
        switch (flag.kind()) {
          case BOOL, INT, DURATION, TEXT, PATH -> value;
          case LIST, TAINTS -> joined(before, split(value));
          case MAP -> joined(before, pairs(value, "=", origin));
          case THRESHOLDS -> joined(before, pairs(value, "<", origin));
          case HEADERS -> headers(before, value, origin);
        };
    entries.put(flag.path(), new Entry(is, origin));
  }

  /** What is set, by path. */
  Set<String> paths() {
    return new TreeSet<>(entries.keySet());
  }

  /** Where a setting came from, in the words that a message begins with. */
  String origin(String path) {
    Entry entry = entries.get(path);
    return entry == null ? path : entry.origin();
  }

  Optional<String> text(String path) {
    Entry entry = entries.get(path);
    return entry != null && entry.value() instanceof String text
        ? Optional.of(text)
        : Optional.empty();
  }

  boolean bool(String path, boolean otherwise) {
    Optional<String> text = text(path);
    if (text.isEmpty()) {
      return otherwise;
    }
    return switch (text.get()) {
      case "1", "t", "T", "TRUE", "true", "True" -> true;
      case "0", "f", "F", "FALSE", "false", "False" -> false;
      default -> bad(path, "must be true or false", otherwise);
    };
  }

  /** A number within a range. */
  long number(String path, long otherwise, long least, long most) {
    Optional<String> text = text(path);
    if (text.isEmpty()) {
      return otherwise;
    }
    String range = "must be a number from " + least + " to " + most;
    if (!text.get().matches("-?\\d{1,18}")) {
      return bad(path, range, otherwise);
    }
    long value = Long.parseLong(text.get());
    return value < least || value > most ? bad(path, range, otherwise) : value;
  }

  int number(String path, int otherwise, int least, int most) {
    return (int) number(path, (long) otherwise, least, most);
  }

  /** A duration as Go writes it, such as {@code 1m30s}; zero means the default. */
  Duration duration(String path, Duration otherwise) {
    Optional<String> text = text(path);
    if (text.isEmpty()) {
      return otherwise;
    }
    Optional<Duration> value = parse(text.get());
    if (value.isEmpty()) {
      return bad(path, "must be a duration such as 30s or 1m30s", otherwise);
    }
    return value.get().isZero() ? otherwise : value.get();
  }

  List<Object> list(String path) {
    Entry entry = entries.get(path);
    return entry != null && entry.value() instanceof List<?> list
        ? new ArrayList<>(list)
        : List.of();
  }

  List<String> texts(String path) {
    return list(path).stream().map(Object::toString).toList();
  }

  Map<String, Object> map(String path) {
    Map<String, Object> all = new LinkedHashMap<>();
    Entry entry = entries.get(path);
    if (entry != null && entry.value() instanceof Map<?, ?> map) {
      map.forEach((key, value) -> all.put(String.valueOf(key), value));
    }
    return all;
  }

  /** A control group's absolute name. */
  Optional<String> group(String path) {
    Optional<String> name = text(path).filter(t -> !t.isEmpty());
    return name.isEmpty() || isGroup(name.get())
        ? name
        : bad(path, "must be an absolute control group such as /system", name);
  }

  private static boolean isGroup(String name) {
    return name.matches("/[^\\s]+") && !name.contains("//") && !(name + "/").contains("/../");
  }

  boolean has(String path) {
    return entries.containsKey(path);
  }

  /** Notes what is wrong with a setting, and stands something in for it. */
  <T> T bad(String path, String must, T standIn) {
    Entry entry = entries.get(path);
    problems.add(origin(path) + " " + must + ", not " + (entry == null ? "" : entry.value()));
    return standIn;
  }

  /** Complains about values that are not of their setting's kind, whether or not it acts. */
  void checkKinds() {
    entries.forEach(
        (path, entry) -> {
          KubeletFlag known = KubeletFlag.BY_PATH.get(path);
          if (known != null) {
            boolean fits =
                switch (known.kind()) {
                  case BOOL, INT, DURATION, TEXT, PATH -> entry.value() instanceof String;
                  case LIST, TAINTS -> entry.value() instanceof List;
                  case MAP, THRESHOLDS, HEADERS -> entry.value() instanceof Map;
                };
            if (!fits && !path.equals("reservedMemory")) {
              bad(path, "must be written as a " + shape(known.kind()), true);
            }
          }
        });
  }

  private static String shape(KubeletFlag.Kind kind) {
    return switch (kind) {
      case BOOL, INT, DURATION, TEXT, PATH -> "single value";
      case LIST, TAINTS -> "list";
      case MAP, THRESHOLDS, HEADERS -> "map";
    };
  }

  private static List<String> split(String value) {
    return List.of(value.split(",", -1)).stream()
        .map(String::strip)
        .filter(text -> !text.isEmpty())
        .toList();
  }

  private Map<String, Object> pairs(String value, String separator, String origin) {
    Map<String, Object> pairs = new LinkedHashMap<>();
    for (String pair : split(value)) {
      int at = pair.indexOf(separator);
      if (at <= 0) {
        problems.add(origin + " needs name" + separator + "value, not " + pair);
      } else {
        pairs.put(pair.substring(0, at).strip(), pair.substring(at + 1).strip());
      }
    }
    return pairs;
  }

  private Map<String, Object> headers(@Nullable Entry before, String value, String origin) {
    Map<String, Object> all = new LinkedHashMap<>();
    if (before != null && before.value() instanceof Map<?, ?> map) {
      map.forEach((key, item) -> all.put(String.valueOf(key), item));
    }
    for (String pair : split(value)) {
      int colon = pair.indexOf(':');
      if (colon <= 0) {
        problems.add(origin + " needs name:value, not " + pair);
      } else {
        List<Object> values = new ArrayList<>();
        if (all.get(pair.substring(0, colon)) instanceof List<?> list) {
          values.addAll(list);
        }
        values.add(pair.substring(colon + 1));
        all.put(pair.substring(0, colon), values);
      }
    }
    return all;
  }

  private static Object joined(@Nullable Entry before, List<String> more) {
    List<Object> all = new ArrayList<>();
    if (before != null && before.value() instanceof List<?> list) {
      all.addAll(list);
    }
    all.addAll(more);
    return all;
  }

  private static Object joined(@Nullable Entry before, Map<String, Object> more) {
    Map<String, Object> all = new LinkedHashMap<>();
    if (before != null && before.value() instanceof Map<?, ?> map) {
      map.forEach((key, value) -> all.put(String.valueOf(key), value));
    }
    all.putAll(more);
    return all;
  }

  /** Source: Go time.ParseDuration; negative ones make no sense for any setting. */
  private static Optional<Duration> parse(String text) {
    if (text.equals("0")) {
      return Optional.of(Duration.ZERO);
    }
    Matcher part = DURATION_PART.matcher(text);
    double nanos = 0;
    int end = 0;
    while (end < text.length() && part.find(end) && part.start() == end) {
      double unit =
          switch (part.group(2)) {
            case "ns" -> 1;
            case "us", "µs" -> 1e3;
            case "ms" -> 1e6;
            case "s" -> 1e9;
            case "m" -> 60e9;
            default -> 3600e9;
          };
      nanos += Double.parseDouble(part.group(1)) * unit;
      end = part.end();
    }
    return end == 0 || end < text.length() || nanos > Long.MAX_VALUE
        ? Optional.empty()
        : Optional.of(Duration.ofNanos(Math.round(nanos)));
  }
}
