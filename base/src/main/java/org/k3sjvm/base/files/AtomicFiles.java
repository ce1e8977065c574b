package org.k3sjvm.base.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * Whole-file reads and writes. A write is seen whole or not at all, also after a power cut: the
 * bytes go to a file beside the target, are flushed, and replace the target by rename; then the
 * directory is flushed. A full disk leaves the old file as it was.
 */
public final class AtomicFiles {
  private AtomicFiles() {}

  /**
   * Replaces a file.
   *
   * @param mode permissions in {@code rwx} text, such as {@code rw-------}; exact, whatever the
   *     umask
   */
  public static void write(Path target, byte[] content, String mode) throws IOException {
    Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(mode);
    Path directory = target.toAbsolutePath().getParent();
    if (directory == null) {
      throw new IOException("cannot write " + target + ": it has no directory");
    }
    Path beside =
        Files.createTempFile(
            directory,
            "." + target.getFileName(),
            ".tmp",
            PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try {
      try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        ByteBuffer rest = ByteBuffer.wrap(content);
        while (rest.hasRemaining()) {
          channel.write(rest);
        }
        channel.force(true);
      }
      Files.setPosixFilePermissions(beside, permissions);
      Files.move(
          beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(beside);
      throw e;
    }
    flushDirectory(directory);
  }

  /** {@link #write(Path, byte[], String)} of UTF-8 text. */
  public static void write(Path target, String content, String mode) throws IOException {
    write(target, content.getBytes(StandardCharsets.UTF_8), mode);
  }

  /**
   * Writes only when the content differs, to spare flash memory; says whether it wrote. The mode is
   * set either way.
   */
  public static boolean writeIfChanged(Path target, String content, String mode)
      throws IOException {
    if (read(target).filter(content::equals).isPresent()) {
      Files.setPosixFilePermissions(target, PosixFilePermissions.fromString(mode));
      return false;
    }
    write(target, content, mode);
    return true;
  }

  /** The file as UTF-8 text; empty when there is none. */
  public static Optional<String> read(Path file) throws IOException {
    try {
      return Optional.of(Files.readString(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /**
   * Makes a directory and its parents with a mode; one that exists keeps its parents' modes and
   * gets this one.
   */
  public static void makeDirectory(Path directory, String mode) throws IOException {
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
  }

  /** Makes sure that a power cut brings back no file that was deleted there. */
  public static void flushDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
}
