package org.k3sjvm.linux.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.BindOptions;
import org.k3sjvm.linux.mount.FileSystemUsage;
import org.k3sjvm.linux.mount.MountPoint;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.linux.mount.TmpfsOptions;

/**
 * Remembers mounts and makes none: files written to a target land in the plain directory. Refuses a
 * target that does not exist, as the kernel does.
 */
public final class FakeMounts implements Mounts {
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final List<MountPoint> mounts = new ArrayList<>();

  @GuardedBy("lock")
  private final Set<Path> busy = new HashSet<>();

  @GuardedBy("lock")
  private int nextId = 1;

  private final Map<Path, CountDownLatch> hanging = new ConcurrentHashMap<>();

  /** From now on {@link #unmount} of this path fails as busy. */
  public void holdOpen(Path target) {
    synchronized (lock) {
      busy.add(target);
    }
  }

  /** From now on what mounts on this path does not return before the latch opens. */
  public void hang(Path target, CountDownLatch until) {
    hanging.put(target, until);
  }

  @Override
  public void tmpfs(Path target, TmpfsOptions options) {
    requireExisting("mount a tmpfs on " + target, target);
    List<String> superOptions = new ArrayList<>(List.of("rw"));
    options.sizeBytes().ifPresent(size -> superOptions.add("size=" + size));
    add(target, "/", List.of("rw"), "tmpfs", "tmpfs", superOptions);
  }

  @Override
  public void bind(Path source, Path target, BindOptions options) {
    String attempt = "bind " + source + " to " + target;
    requireExisting(attempt, source);
    requireExisting(attempt, target);
    if (Files.isDirectory(source) != Files.isDirectory(target)) {
      throw LinuxException.of(attempt, Errno.ENOTDIR);
    }
    String access = options.readOnly() ? "ro" : "rw";
    add(target, source.toString(), List.of(access), "ext4", "/dev/fake", List.of("rw"));
  }

  @Override
  public void mount(String source, Path target, String type, List<String> options) {
    requireExisting("mount " + source + " on " + target, target);
    List<String> all = options.isEmpty() ? List.of("rw") : options;
    add(target, "/", all, type, source, List.of("rw"));
  }

  @Override
  public void restrict(Path target, List<String> options) {
    requireExisting("restrict " + target, target);
  }

  @Override
  public void makeShared(Path target) {
    requireExisting("make " + target + " a shared mount", target);
  }

  @Override
  public void unmount(Path target) {
    synchronized (lock) {
      if (busy.contains(target)) {
        throw LinuxException.of("unmount " + target, Errno.EBUSY);
      }
      mounts.removeIf(mount -> mount.target().equals(target));
    }
  }

  @Override
  public void detach(Path target) {
    synchronized (lock) {
      mounts.removeIf(mount -> mount.target().equals(target));
    }
  }

  @Override
  public List<MountPoint> list() {
    synchronized (lock) {
      return List.copyOf(mounts);
    }
  }

  @Override
  public FileSystemUsage usage(Path path) {
    requireExisting("read the usage of " + path, path);
    return new FileSystemUsage(1L << 33, 1L << 32, 1L << 32, 1_000_000, 900_000);
  }

  private void add(
      Path target,
      String root,
      List<String> options,
      String type,
      String source,
      List<String> superOptions) {
    hangIfTold(target);
    synchronized (lock) {
      mounts.add(
          new MountPoint(nextId++, "0:1", root, target, options, type, source, superOptions));
    }
  }

  private void hangIfTold(Path target) {
    CountDownLatch until = hanging.get(target);
    while (until != null && until.getCount() > 0) { // as a call to the kernel: not interruptible
      try {
        until.await();
      } catch (InterruptedException e) {
        // the kernel would not hear it either
      }
    }
  }

  private static void requireExisting(String attempt, Path path) {
    if (!Files.exists(path)) {
      throw LinuxException.of(attempt, Errno.ENOENT);
    }
  }
}
