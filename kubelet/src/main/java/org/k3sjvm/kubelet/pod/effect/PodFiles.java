package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.HostAlias;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.kubelet.hosts.HostNames;
import org.k3sjvm.kubelet.hosts.HostsFile;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;

/** The pod's own directories and small files. */
final class PodFiles {
  /** What follows the names in a link to a log: an id and an extension. */
  private static final int LINK_END = 1 + 64 + 4;

  private static final String PRIVATE = "rwxr-x---";

  private final Toolbox tools;

  PodFiles(Toolbox tools) {
    this.tools = tools;
  }

  void make(DesiredPod pod) throws IOException {
    Path directory = tools.places().pod(pod.uid());
    AtomicFiles.makeDirectory(directory, PRIVATE);
    for (String sub : List.of("volumes", "plugins", "containers")) {
      AtomicFiles.makeDirectory(directory.resolve(sub), PRIVATE);
    }
  }

  /** Writes the pod's hosts file anew, in place, for it may be mounted. */
  Path hosts(DesiredPod pod, List<String> podIps, HostNames names) throws IOException {
    List<HostAlias> aliases = pod.pod().getSpec().getHostAliases();
    String text =
        pod.hostNetwork()
            ? HostsFile.ofHost(AtomicFiles.read(Path.of("/etc/hosts")).orElse(""), aliases)
            : HostsFile.of(podIps, names, aliases);
    Path file = tools.places().etcHosts(pod.uid());
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    return file;
  }

  /** An empty file that any user of the container may write. */
  Path lastWords(DesiredPod pod, String container, int restartCount) throws IOException {
    Path file = tools.places().lastWords(pod.uid(), container, restartCount);
    Files.createDirectories(file.getParent());
    Files.write(file, new byte[0]);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    return file;
  }

  void link(DesiredPod pod, String container, String id, int restartCount) throws IOException {
    Path log = tools.places().logDirectory(pod).resolve(container).resolve(restartCount + ".log");
    if (Files.exists(log)) {
      Files.createDirectories(tools.places().containerLogs());
      Path link = tools.places().logLink(pod, container, id);
      Files.deleteIfExists(link);
      Files.createSymbolicLink(link, log);
    }
  }

  /** Removes one run's log and the link to it. */
  void removeLog(DesiredPod pod, String container, String id, String logPath) throws IOException {
    Files.deleteIfExists(tools.places().logLink(pod, container, id));
    Path log = Path.of(logPath);
    if (!logPath.isEmpty() && log.startsWith(tools.places().logDirectory(pod))) {
      Files.deleteIfExists(log);
    }
  }

  /** Removes the pod's directory and logs; volumes are gone by now. */
  void remove(DesiredPod pod) throws IOException {
    Path logs = tools.places().logDirectory(pod);
    unlink(logs);
    delete(logs);
    removeDirectory(pod.uid());
  }

  void removeDirectory(PodUid uid) throws IOException {
    Path directory = tools.places().pod(uid);
    Path volumes = directory.resolve("volumes");
    if (Files.exists(volumes)) {
      try (Stream<Path> left = Files.list(volumes)) {
        for (Path plugin : left.toList()) {
          Files.delete(plugin); // fails when something is left: then nothing is deleted
        }
      }
    }
    delete(directory);
  }

  private void unlink(Path logs) throws IOException {
    Path links = tools.places().containerLogs();
    if (!Files.isDirectory(links)) {
      return;
    }
    String pod = logs.getFileName().toString();
    String[] parts = pod.split("_", -1);
    String prefix =
        parts.length == 3 ? Places.shortened(parts[1] + "_" + parts[0] + "_", LINK_END) : pod;
    try (Stream<Path> all = Files.list(links)) {
      for (Path link : all.filter(l -> l.getFileName().toString().startsWith(prefix)).toList()) {
        if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).startsWith(logs)) {
          Files.deleteIfExists(link);
        }
      }
    }
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
