package org.k3sjvm.linux.mount;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.syscall.FileSystemCalls;

/** {@link Mounts} of the running kernel. */
public final class KernelMounts implements Mounts {
  private static final long MS_RDONLY = 1;
  private static final long MS_REMOUNT = 0x20;
  private static final long MS_BIND = 0x1000;
  private static final long MS_REC = 0x4000;
  private static final long MS_SHARED = 0x100000;
  private static final int MNT_DETACH = 2;
  private static final int UMOUNT_NOFOLLOW = 8;

  /** More mounts than this on one path is no stack that we made. */
  private static final int STACK_LIMIT = 64;

  private static final Duration MOUNT_LIMIT = Duration.ofSeconds(100);

  /** Source: linux/mount.h. */
  private static final Map<String, Long> BIND_FLAGS =
      Map.of(
          "ro", MS_RDONLY,
          "rw", 0L,
          "nosuid", 2L,
          "nodev", 4L,
          "noexec", 8L,
          "noatime", 1024L,
          "nodiratime", 2048L,
          "relatime", 1L << 21);

  /** Names that mountinfo writes as they are. */
  private static final Pattern PLAIN = Pattern.compile("[\\w.~/-]*");

  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");

  @Override
  public void tmpfs(Path target, TmpfsOptions options) {
    String data = "mode=" + Integer.toOctalString(options.mode());
    OptionalLong size = options.sizeBytes();
    if (size.isPresent()) {
      data += ",size=" + size.getAsLong();
    }
    int result =
        options.noSwap()
            ? FileSystemCalls.mount("tmpfs", target.toString(), "tmpfs", 0, data + ",noswap")
            : -Errno.EINVAL;
    if (result == -Errno.EINVAL) {
      result = FileSystemCalls.mount("tmpfs", target.toString(), "tmpfs", 0, data);
    }
    check("mount a tmpfs on " + target, result);
  }

  @Override
  public void bind(Path source, Path target, BindOptions options) {
    String attempt = "bind " + source + " to " + target;
    check(
        attempt, FileSystemCalls.mount(source.toString(), target.toString(), "none", MS_BIND, ""));
    if (options.readOnly()) {
      int result =
          FileSystemCalls.mount(
              "none", target.toString(), "none", MS_BIND | MS_REMOUNT | MS_RDONLY, "");
      if (result < 0) {
        FileSystemCalls.unmount(target.toString(), MNT_DETACH | UMOUNT_NOFOLLOW);
      }
      check(attempt + " read-only", result);
    }
  }

  @Override
  public void mount(String source, Path target, String type, List<String> options) {
    List<String> argv = new ArrayList<>(List.of("mount", "-t", type));
    if (!options.isEmpty()) {
      argv.addAll(List.of("-o", String.join(",", options)));
    }
    argv.addAll(List.of("--", source, target.toString()));
    String attempt = "mount " + source + " on " + target;
    try {
      Command command = Command.of(argv.toArray(String[]::new)).within(MOUNT_LIMIT);
      CommandResult result = new ChildProcesses().run(command);
      if (!result.succeeded()) {
        throw new LinuxException.Failed("cannot " + attempt + ": " + result.error().strip(), 0);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LinuxException.Failed("cannot " + attempt + ": interrupted", e);
    }
  }

  @Override
  public void restrict(Path target, List<String> options) {
    long flags = MS_BIND | MS_REMOUNT;
    for (String option : options) {
      Long flag = BIND_FLAGS.get(option);
      if (flag == null) {
        throw new LinuxException.Failed("a bind mount has no option " + option, Errno.EINVAL);
      }
      flags |= flag;
    }
    check(
        "restrict " + target + " to " + options,
        FileSystemCalls.mount("none", target.toString(), "none", flags, ""));
  }

  @Override
  public void makeShared(Path target) {
    check(
        "make " + target + " a shared mount",
        FileSystemCalls.mount("none", target.toString(), "none", MS_REC | MS_SHARED, ""));
  }

  @Override
  public void unmount(Path target) {
    unmountAll(target, UMOUNT_NOFOLLOW);
  }

  @Override
  public void detach(Path target) {
    unmountAll(target, MNT_DETACH | UMOUNT_NOFOLLOW);
  }

  @Override
  public List<MountPoint> list() {
    try (Stream<String> lines = Files.lines(MOUNTINFO)) {
      return lines.map(MountPoint::parse).toList();
    } catch (IOException e) {
      throw new LinuxException.Failed("cannot read " + MOUNTINFO + ": " + e.getMessage(), e);
    }
  }

  /** Reads mountinfo once and takes apart only the lines that can matter. */
  @Override
  public List<MountPoint> within(Path directory) {
    String name = directory.getFileName() == null ? "/" : directory.getFileName().toString();
    try (Stream<String> lines = Files.lines(MOUNTINFO)) {
      return lines
          .filter(line -> !PLAIN.matcher(name).matches() || line.contains(name))
          .map(MountPoint::parse)
          .filter(mount -> mount.target().startsWith(directory))
          .toList()
          .reversed();
    } catch (IOException e) {
      throw new LinuxException.Failed("cannot read " + MOUNTINFO + ": " + e.getMessage(), e);
    }
  }

  @Override
  public FileSystemUsage usage(Path path) {
    long[] words = new long[8];
    check("read the usage of " + path, FileSystemCalls.statvfs(path.toString(), words));
    long unit = words[FileSystemCalls.STATVFS_FRAGMENT_SIZE];
    long blocks = words[FileSystemCalls.STATVFS_BLOCKS];
    return new FileSystemUsage(
        blocks * unit,
        words[FileSystemCalls.STATVFS_AVAILABLE] * unit,
        (blocks - words[FileSystemCalls.STATVFS_FREE]) * unit,
        words[FileSystemCalls.STATVFS_FILES],
        words[FileSystemCalls.STATVFS_FILES_FREE]);
  }

  /** EINVAL says that the path is no mount point (any more), ENOENT that it is not there. */
  private static void unmountAll(Path target, int flags) {
    for (int i = 0; i < STACK_LIMIT; i++) {
      int result = FileSystemCalls.unmount(target.toString(), flags);
      if (result == -Errno.EINVAL || result == -Errno.ENOENT) {
        return;
      }
      check("unmount " + target, result);
    }
  }

  private static void check(String attempt, int result) {
    if (result < 0) {
      throw LinuxException.of(attempt, -result);
    }
  }
}
