package org.k3sjvm.agent.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.yaml.PlainYaml;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * KubeletConfiguration files in the order in which they are merged. Source: k3s v1.36
 * pkg/daemons/agent/agent.go, extractConfigArgs, which copies what the user names into the drop-in
 * directory under the names that appear here.
 */
final class KubeletFiles {
  /** Written by k3s at each start from what this agent works out for itself. */
  private static final String K3S_DEFAULTS = "00-k3s-defaults.conf";

  private static final String COPIED_FILE = "10-cli-config.conf";
  private static final String COPIED_DIRECTORY = "20-cli-config-dir";
  private static final String API_GROUP = "kubelet.config.k8s.io/";

  private KubeletFiles() {}

  /**
   * The files, in order of their names from the drop-in directory down.
   *
   * @param dropIns {@code <data>/agent/etc/kubelet.conf.d}
   * @param file that the user names; stands in for the copy that k3s makes
   * @param directory that the user names; likewise
   * @throws UsageException when the user names what is not there
   */
  static List<Path> find(Path dropIns, Optional<Path> file, Optional<Path> directory) {
    List<Path> files = new ArrayList<>();
    List<Path> listed = below(dropIns);
    Path copiedFile = dropIns.resolve(COPIED_FILE);
    Path copiedDirectory = dropIns.resolve(COPIED_DIRECTORY);
    boolean ownFile = file.filter(path -> !path.startsWith(dropIns)).isPresent();
    boolean ownDirectory = directory.filter(path -> !path.startsWith(dropIns)).isPresent();
    if (ownFile && !Files.isReadable(file.orElseThrow())) {
      throw new UsageException(
          "--kubelet-arg=config names a file that cannot be read: " + file.orElseThrow());
    }
    if (ownDirectory && !Files.isDirectory(directory.orElseThrow())) {
      throw new UsageException(
          "--kubelet-arg=config-dir names what is no directory: " + directory.orElseThrow());
    }
    listed.stream().filter(path -> path.compareTo(copiedFile) < 0).forEach(files::add);
    if (ownFile) {
      files.add(file.orElseThrow());
    } else if (listed.contains(copiedFile)) {
      files.add(copiedFile);
    }
    listed.stream()
        .filter(path -> path.compareTo(copiedFile) > 0 && path.compareTo(copiedDirectory) < 0)
        .forEach(files::add);
    if (ownDirectory) {
      files.addAll(below(directory.orElseThrow()));
    } else {
      listed.stream().filter(path -> path.startsWith(copiedDirectory)).forEach(files::add);
    }
    listed.stream()
        .filter(path -> path.compareTo(copiedDirectory) > 0 && !path.startsWith(copiedDirectory))
        .forEach(files::add);
    return files;
  }

  /**
   * The content of one.
   *
   * @throws UsageException when it cannot be read, or is no KubeletConfiguration
   */
  static Map<?, ?> load(Path file) {
    Object loaded;
    try {
      loaded = PlainYaml.load(Files.readString(file));
    } catch (IOException | YAMLException e) {
      throw new UsageException(
          "cannot read the kubelet configuration " + file + ": " + e.getMessage(), e);
    }
    if (loaded == null) {
      return Map.of();
    }
    if (loaded instanceof Map<?, ?> map
        && "KubeletConfiguration".equals(map.get("kind"))
        && String.valueOf(map.get("apiVersion")).startsWith(API_GROUP)) {
      return map;
    }
    throw new UsageException(
        "the kubelet configuration "
            + file
            + " must begin with 'apiVersion: kubelet.config.k8s.io/v1beta1' and"
            + " 'kind: KubeletConfiguration'");
  }

  private static List<Path> below(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.walk(directory)) {
      return entries
          .filter(Files::isRegularFile)
          .filter(path -> path.toString().endsWith(".conf"))
          .filter(path -> !path.equals(directory.resolve(K3S_DEFAULTS)))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UsageException(
          "cannot read the kubelet configuration directory " + directory + ": " + e.getMessage(),
          e);
    }
  }
}
