package org.k3sjvm.linux.cgroup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;

/** Reads and writes the files of one group. */
final class CgroupFiles {
  private CgroupFiles() {}

  /** The trimmed text; empty when the file or its group is not there, or is just going away. */
  static Optional<String> read(Path file) {
    try {
      return Optional.of(Files.readString(file).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (isVanished(e)) {
        return Optional.empty();
      }
      throw fault("read " + file, e);
    }
  }

  static void write(Path file, String value) {
    try {
      Files.write(file, value.getBytes(StandardCharsets.US_ASCII), StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw fault("write '" + value + "' to " + file, e);
    }
  }

  static void tryWrite(Path file, String value) {
    try {
      write(file, value);
    } catch (LinuxException e) {
      // the caller goes on without: the limit that needs it will name what is missing
    }
  }

  static LinuxException fault(String attempt, IOException e) {
    String message = "cannot " + attempt + ": " + e;
    if (e instanceof NoSuchFileException) {
      return new LinuxException.NotFound(message, e);
    }
    if (e instanceof AccessDeniedException) {
      return new LinuxException.Denied(message, e);
    }
    if (e instanceof DirectoryNotEmptyException || message.contains("resource busy")) {
      return new LinuxException.Busy(message, Errno.EBUSY);
    }
    return new LinuxException.Failed(message, e);
  }

  static Optional<CgroupUsage> usage(Path unified) {
    if (!Files.isDirectory(unified)) {
      return Optional.empty();
    }
    String cpu = read(unified.resolve("cpu.stat")).orElse("");
    String stat = read(unified.resolve("memory.stat")).orElse("");
    long memory = number(unified.resolve("memory.current")).orElse(0);
    return Optional.of(
        new CgroupUsage(
            Duration.ofNanos(field(cpu, "usage_usec") * 1000),
            memory,
            Math.max(0, memory - field(stat, "inactive_file")),
            field(stat, "anon"),
            number(unified.resolve("pids.current"))));
  }

  static Optional<CgroupUsage> usage(
      Optional<Path> cpuacct, Optional<Path> memory, Optional<Path> pids) {
    if (memory.or(() -> cpuacct).filter(Files::isDirectory).isEmpty()) {
      return Optional.empty();
    }
    String stat = memory.flatMap(group -> read(group.resolve("memory.stat"))).orElse("");
    long bytes = numberIn(memory, "memory.usage_in_bytes").orElse(0);
    return Optional.of(
        new CgroupUsage(
            Duration.ofNanos(numberIn(cpuacct, "cpuacct.usage").orElse(0)),
            bytes,
            Math.max(0, bytes - field(stat, "total_inactive_file")),
            field(stat, "total_rss"),
            numberIn(pids, "pids.current")));
  }

  private static OptionalLong numberIn(Optional<Path> group, String file) {
    return group.isEmpty() ? OptionalLong.empty() : number(group.get().resolve(file));
  }

  private static OptionalLong number(Path file) {
    Optional<String> text = read(file).filter(word -> !word.isEmpty());
    return text.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text.get()));
  }

  /** A value of a file of {@code name value} lines, 0 when it is not in it. */
  private static long field(String text, String name) {
    return text.lines()
        .filter(line -> line.startsWith(name + " "))
        .findFirst()
        .map(line -> Long.parseLong(line.substring(name.length() + 1).strip()))
        .orElse(0L);
  }

  private static boolean isVanished(IOException e) {
    return String.valueOf(e.getMessage()).contains("No such device");
  }
}
