package org.k3sjvm.kubelet.env;

import io.fabric8.kubernetes.api.model.FileKeySelector;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kubelet.translate.ConfigException;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.OpenPath;

/** Variables from files in a pod's volumes. The pod may write there: no path leads outside. */
final class EnvFiles {
  /** More than all variables of a process may take. Source: kernel, execve(2), ARG_MAX. */
  private static final int MOST_BYTES = 2 << 20;

  private EnvFiles() {}

  /** The value; empty when the key may lack and does. */
  static Optional<String> value(FileKeySelector from, Map<String, Path> volumes) {
    Path volume = volumes.get(from.getVolumeName());
    if (volume == null) {
      throw new ConfigException(
          "cannot find the volume \"" + from.getVolumeName() + "\" referenced by FileKeyRef");
    }
    Optional<String> value = EnvFile.find(read(volume, from.getPath()), from.getKey());
    if (value.isEmpty() && !Boolean.TRUE.equals(from.getOptional())) {
      throw new ConfigException(
          "environment variable key \""
              + from.getKey()
              + "\" not found in file \""
              + volume.resolve(from.getPath())
              + "\"");
    }
    return value;
  }

  private static String read(Path volume, String path) {
    try (OpenPath open = OpenPath.beneath(volume, path)) {
      if (!Files.isRegularFile(open.path())) {
        throw new ConfigException("couldn't parse env file: " + path + " is not a file");
      }
      try (InputStream in = Files.newInputStream(open.path())) {
        return new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
      }
    } catch (LinuxException | IOException e) {
      throw new ConfigException("couldn't parse env file: " + e.getMessage());
    }
  }
}
