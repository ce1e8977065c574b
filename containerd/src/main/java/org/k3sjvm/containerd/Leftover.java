package org.k3sjvm.containerd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A containerd of ours that outlived its agent. It holds the database and the socket, so a new one
 * cannot start beside it; the containers do not need it.
 */
final class Leftover {
  private static final Logger log = LoggerFactory.getLogger(Leftover.class);
  private static final Duration GRACE = Duration.ofSeconds(5);

  private Leftover() {}

  /**
   * Ends every containerd that was started with that configuration file. The same path seen through
   * other mounts, as by an agent in a container, is another file.
   */
  static void end(Path configFile) {
    List<ProcessHandle> found =
        ProcessHandle.allProcesses().filter(p -> isOurs(p.pid(), configFile)).toList();
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

  private static boolean isOurs(long pid, Path configFile) {
    try {
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

  private static Path mounts(String process) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc", process, "ns/mnt"));
  }
}
