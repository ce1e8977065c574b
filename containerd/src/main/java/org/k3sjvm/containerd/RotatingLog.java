package org.k3sjvm.containerd;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A log file that stays within bounds: when it is full it becomes {@code .1}, and the older ones
 * move on until the last is dropped. A disk that is full costs lines, not the program. One thread
 * writes.
 */
final class RotatingLog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RotatingLog.class);

  private final Path file;
  private final long limitBytes;
  private final int kept;
  private OutputStream out = OutputStream.nullOutputStream();
  private long written;
  private boolean failing;

  /**
   * @param limitBytes of one file
   * @param kept how many full files stay
   */
  RotatingLog(Path file, long limitBytes, int kept) {
    this.file = file;
    this.limitBytes = limitBytes;
    this.kept = kept;
    open();
  }

  void write(byte[] bytes, int length) {
    try {
      if (written > 0 && written + length > limitBytes) {
        rotate();
      }
      out.write(bytes, 0, length);
      written += length;
      failing = false;
    } catch (IOException e) {
      complain(e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      complain(e);
    }
  }

  private void rotate() throws IOException {
    out.close();
    out = OutputStream.nullOutputStream();
    for (int i = kept - 1; i >= 1; i--) {
      if (Files.exists(numbered(i))) {
        Files.move(numbered(i), numbered(i + 1), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Files.move(file, numbered(1), StandardCopyOption.REPLACE_EXISTING);
    open();
  }

  private void open() {
    try {
      if (Files.notExists(file)) {
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      written = Files.size(file);
      out = Files.newOutputStream(file, StandardOpenOption.APPEND);
    } catch (IOException e) {
      complain(e);
    }
  }

  private Path numbered(int number) {
    return file.resolveSibling(file.getFileName() + "." + number);
  }

  /** Once per trouble: the next line may fail for the same reason. */
  private void complain(IOException e) {
    if (!failing) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", e.toString())
          .log("lines of a child's log are lost");
      failing = true;
    }
  }
}
