package org.k3sjvm.kubelet.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.OpenPath;

/**
 * A log file read line by line while the runtime appends to it, across its rotation: when the name
 * stands for another file, the rest of the old one is read first.
 */
final class LogFile implements AutoCloseable {
  private static final int BLOCK_BYTES = 8 * 1024;

  /** containerd cuts at 16 KiB; what is longer is no entry of ours. */
  private static final int MAX_LINE_BYTES = 256 * 1024;

  private final Path path;
  private final ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).limit(0);
  private FileChannel channel;
  private @Nullable Object key;
  private byte[] line = new byte[512];
  private int length;
  private boolean overlong;
  private boolean complete;

  LogFile(Path path) throws IOException {
    this.path = path;
    this.channel = open(path);
    this.key = keyOf(path).orElse(null);
  }

  /**
   * Moves to where the last lines begin.
   *
   * @param count of newlines from the end, so 0 is the end
   */
  void seekToTail(long count) throws IOException {
    long right = channel.size();
    long left = right;
    long seen = 0;
    ByteBuffer bytes = ByteBuffer.allocate(BLOCK_BYTES);
    while (left > 0) {
      right = left;
      left = Math.max(0, right - BLOCK_BYTES);
      bytes.clear().limit((int) (right - left));
      readFully(bytes, left);
      for (int i = bytes.limit() - 1; i >= 0; i--) {
        if (bytes.get(i) == '\n' && ++seen > count) {
          channel.position(left + i + 1);
          return;
        }
      }
    }
    channel.position(0);
  }

  /** Reads the next whole line; false at the end of what is written by now. */
  boolean next() throws IOException {
    if (complete) {
      complete = false;
      length = 0;
    }
    while (true) {
      while (block.hasRemaining()) {
        byte b = block.get();
        if (b != '\n') {
          append(b);
        } else if (overlong) {
          overlong = false;
          length = 0;
        } else {
          complete = true;
          return true;
        }
      }
      block.clear();
      int count = channel.read(block);
      block.flip();
      if (count <= 0) {
        block.limit(0);
        return false;
      }
    }
  }

  /** The line that was read, without its newline; used again for the next. */
  byte[] line() {
    return line;
  }

  /** How many bytes of {@link #line} are the line. */
  int lineLength() {
    return length;
  }

  /**
   * Looks, at the end of what is written, whether the name stands for a new file or the file was
   * cut; then reading goes on from that one's beginning.
   */
  boolean reopenIfReplaced() throws IOException {
    if (channel.size() < channel.position()) {
      channel.position(0);
      length = 0;
      return true;
    }
    Optional<Object> now = keyOf(path);
    if (now.isEmpty() || now.get().equals(key)) {
      return false;
    }
    if (channel.size() > channel.position()) {
      return true; // Written between our last read and the rename.
    }
    FileChannel next;
    try {
      next = open(path);
    } catch (NoSuchFileException e) {
      return false;
    }
    channel.close();
    channel = next;
    key = now.get();
    length = 0;
    overlong = false;
    return true;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /**
   * Opens a file that the runtime wrote. A container that can write the directory could put a pipe
   * there, which would hold us for ever, a device without an end, or a link to somebody's secret.
   */
  private static FileChannel open(Path path) throws IOException {
    Path directory = Objects.requireNonNull(path.getParent());
    try (OpenPath held = OpenPath.withoutLinks(directory, String.valueOf(path.getFileName()))) {
      if (!Files.isRegularFile(held.path())) {
        throw new NoSuchFileException(path.toString(), null, "not a regular file");
      }
      return FileChannel.open(held.path(), StandardOpenOption.READ);
    } catch (LinuxException e) {
      throw (NoSuchFileException)
          new NoSuchFileException(path.toString(), null, e.getMessage()).initCause(e);
    }
  }

  private void append(byte b) {
    if (length == line.length) {
      if (length >= MAX_LINE_BYTES) {
        overlong = true;
        return;
      }
      line = Arrays.copyOf(line, length * 2);
    }
    line[length++] = b;
  }

  private void readFully(ByteBuffer bytes, long position) throws IOException {
    long from = position;
    while (bytes.hasRemaining()) {
      int count = channel.read(bytes, from);
      if (count < 0) {
        break;
      }
      from += count;
    }
    bytes.flip();
  }

  private static Optional<Object> keyOf(Path path) throws IOException {
    try {
      return Optional.ofNullable(Files.readAttributes(path, BasicFileAttributes.class).fileKey());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }
}
