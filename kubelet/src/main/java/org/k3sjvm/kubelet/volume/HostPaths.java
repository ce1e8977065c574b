package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.HostPathVolumeSource;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** hostPath volumes. Source: kubelet v1.36 pkg/volume/hostpath. */
final class HostPaths {
  private static final int TYPE_MASK = 0170000;
  private static final int SOCKET = 0140000;
  private static final int CHARACTER_DEVICE = 0020000;
  private static final int BLOCK_DEVICE = 0060000;

  private HostPaths() {}

  /**
   * The path, made where its type says so.
   *
   * @throws VolumeException when what is there is not of the type
   */
  static Path open(HostPathVolumeSource source) throws IOException {
    refuseUpwards("", source.getPath());
    Path path = Path.of(source.getPath());
    switch (source.getType() == null ? "" : source.getType()) {
      case "" -> {}
      case "DirectoryOrCreate" -> {
        if (!Files.exists(path)) {
          Files.createDirectories(path);
          Modes.set(path, 0755);
        }
        require(Files.isDirectory(path), path, "a directory");
      }
      case "Directory" -> require(Files.isDirectory(path), path, "a directory");
      case "FileOrCreate" -> {
        if (!Files.exists(path)) {
          createFile(path);
        }
        require(Files.isRegularFile(path), path, "a file");
      }
      case "File" -> require(Files.isRegularFile(path), path, "a file");
      case "Socket" -> require(type(path) == SOCKET, path, "a socket file");
      case "CharDevice" -> require(type(path) == CHARACTER_DEVICE, path, "a character device");
      case "BlockDevice" -> require(type(path) == BLOCK_DEVICE, path, "a block device");
      default -> throw new VolumeException(source.getType() + " is an invalid volume type");
    }
    return path;
  }

  /** Source: kubelet v1.36 pkg/apis/core/validation, ValidatePathNoBacksteps. */
  static void refuseUpwards(String attempt, String path) {
    for (Path part : Path.of(path)) {
      if (part.toString().equals("..")) {
        throw new VolumeException(attempt + "must not contain '..': " + path);
      }
    }
  }

  private static void createFile(Path path) throws IOException {
    try {
      Files.createFile(path);
      Modes.set(path, 0644);
    } catch (FileAlreadyExistsException e) {
      // somebody else was faster; its type is checked next
    }
  }

  static boolean isBlockDevice(Path path) throws IOException {
    return type(path) == BLOCK_DEVICE;
  }

  private static int type(Path path) throws IOException {
    return Files.exists(path) ? (int) Files.getAttribute(path, "unix:mode") & TYPE_MASK : 0;
  }

  private static void require(boolean fits, Path path, String what) {
    if (!fits) {
      throw new VolumeException("hostPath type check failed: " + path + " is not " + what);
    }
  }
}
