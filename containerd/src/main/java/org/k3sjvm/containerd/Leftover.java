package org.k3sjvm.containerd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.base.files.AtomicFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A containerd of ours that outlived its agent. It holds the database and the socket, so a new one
 * cannot start beside it; the containers do not need it.
 */
final class Leftover {
  private static final Logger log = LoggerFactory.getLogger(Leftover.class);
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** Counted after the name in parentheses, which may hold spaces. Source: proc(5), starttime. */
  private static final int START_FIELD = 22 - 3;

  private final Path configFile;
  private final Path note;

  /**
   * @param configFile what our containerd is started with
   * @param note where its number is kept; does not outlive a boot
   */
  Leftover(Path configFile, Path note) {
    this.configFile = configFile;
    this.note = note;
  }

  /** Notes the one that was started just now. */
  void remember(long pid) {
    try {
      AtomicFiles.write(note, identity(pid), "rw-------");
    } catch (IOException e) {
      log.atDebug().addKeyValue("file", note).setCause(e).log("containerd's number is not noted");
    }
  }

  /** Ends the one that was noted, and others that were started with the same file. */
  void end() {
    Optional<String> noted = noted();
    List<ProcessHandle> found =
        ProcessHandle.allProcesses().filter(p -> isOurs(p.pid(), noted)).toList();
    for (ProcessHandle process : found) {
      log.atWarn()
          .addKeyValue("pid", process.pid())
          .log("stopping a containerd that an agent left behind");
      process.destroy();
      process.onExit().completeOnTimeout(process, GRACE.toSeconds(), TimeUnit.SECONDS).join();
      if (process.isAlive()) {
        process.destroyForcibly();
        process.onExit().completeOnTimeout(process, GRACE.toSeconds(), TimeUnit.SECONDS).join();
      }
    }
  }

  private Optional<String> noted() {
    try {
      return AtomicFiles.read(note);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * By the note, as some builds overwrite their arguments; by the arguments, should the note be
   * lost. The same path seen through other mounts, as by an agent in a container, is another file.
   */
  private boolean isOurs(long pid, Optional<String> noted) {
    try {
      if (noted.isPresent() && noted.get().startsWith(pid + " ")) {
        return noted.get().equals(identity(pid));
      }
      List<String> arguments =
          Arrays.asList(
              Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                  .split("\0", -1));
      return arguments.getFirst().endsWith("containerd")
          && arguments.contains(configFile.toString())
          && mounts("" + pid).equals(mounts("self"));
    } catch (IOException ended) {
      return false;
    }
  }

  /** A number is given again; with the time of the start it is not. */
  private static String identity(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return pid + " " + fields[START_FIELD] + "\n";
  }

  private static Path mounts(String process) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc", process, "ns/mnt"));
  }
}
