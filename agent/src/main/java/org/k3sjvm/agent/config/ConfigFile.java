package org.k3sjvm.agent.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.yaml.PlainYaml;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * The configuration file and its drop-ins, as arguments. Each key becomes a flag, {@code key+}
 * appends to what earlier files say. The arguments go between the subcommand and the user's own
 * flags, so that a single value of the command line wins and lists add up. Source: k3s v1.36
 * pkg/configfilearg.
 */
public final class ConfigFile {
  private static final String DEFAULT_PATH = "/etc/rancher/k3s/config.yaml";

  private ConfigFile() {}

  /**
   * Puts the file's flags in front of the user's.
   *
   * @param arguments the command line after the subcommand
   * @throws UsageException when a file cannot be read or is not a YAML map; the message names the
   *     file and the line
   */
  public static List<String> expand(List<String> arguments, Map<String, String> environment) {
    List<String> expanded = new ArrayList<>(read(locate(arguments, environment)));
    expanded.addAll(arguments);
    return List.copyOf(expanded);
  }

  /** The environment wins over the flag, the flag over the default path. */
  private static Path locate(List<String> arguments, Map<String, String> environment) {
    String fromEnvironment = environment.getOrDefault("K3S_CONFIG_FILE", "");
    if (!fromEnvironment.isEmpty()) {
      return Path.of(fromEnvironment);
    }
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.matches("--?(config|c)") && i + 1 < arguments.size()) {
        return Path.of(arguments.get(i + 1));
      }
      if (argument.matches("(?s)--?(config|c)=.*")) {
        return Path.of(argument.substring(argument.indexOf('=') + 1));
      }
    }
    return Path.of(DEFAULT_PATH);
  }

  private static List<String> read(Path main) {
    Map<String, List<String>> merged = new LinkedHashMap<>();
    for (Path file : files(main)) {
      merge(merged, file);
    }
    List<String> arguments = new ArrayList<>();
    merged.forEach(
        (key, values) ->
            values.forEach(
                value -> arguments.add((key.length() == 1 ? "-" : "--") + key + "=" + value)));
    return arguments;
  }

  private static List<Path> files(Path main) {
    List<Path> files = new ArrayList<>();
    if (Files.isRegularFile(main)) {
      files.add(main);
    }
    Path dropIns = Path.of(main + ".d");
    if (Files.isDirectory(dropIns)) {
      try (Stream<Path> entries = Files.list(dropIns)) {
        entries
            .filter(Files::isRegularFile)
            .filter(ConfigFile::isYaml)
            .sorted()
            .forEach(files::add);
      } catch (IOException e) {
        throw new UsageException(
            "cannot read the configuration directory " + dropIns + ": " + e.getMessage(), e);
      }
    }
    return files;
  }

  private static boolean isYaml(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".yaml") || name.endsWith(".yml");
  }

  private static void merge(Map<String, List<String>> merged, Path file) {
    load(file)
        .forEach(
            (rawKey, value) -> {
              String key = String.valueOf(rawKey);
              if (key.endsWith("+")) {
                List<String> values =
                    merged.computeIfAbsent(
                        key.substring(0, key.length() - 1), _ -> new ArrayList<>());
                values.addAll(
                    texts(value).stream()
                        .filter(text -> value instanceof List || !text.isEmpty())
                        .toList());
              } else {
                merged.put(key, new ArrayList<>(texts(value)));
              }
            });
  }

  private static Map<?, ?> load(Path file) {
    try {
      Object loaded = PlainYaml.load(Files.readString(file));
      if (loaded == null) {
        return Map.of();
      }
      if (loaded instanceof Map<?, ?> map) {
        return map;
      }
      throw new UsageException(
          "the configuration file "
              + file
              + " must hold keys and values, such as 'server: https://host:6443'");
    } catch (IOException | YAMLException e) {
      throw new UsageException(
          "cannot read the configuration file " + file + ": " + e.getMessage(), e);
    }
  }

  private static List<String> texts(@Nullable Object value) {
    return value instanceof List<?> list
        ? list.stream().map(ConfigFile::text).toList()
        : List.of(text(value));
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }
}
