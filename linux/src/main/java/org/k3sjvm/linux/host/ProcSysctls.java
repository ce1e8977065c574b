package org.k3sjvm.linux.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.k3sjvm.linux.LinuxException;

/** {@link Sysctls} as files; network settings are those of the calling thread's namespace. */
public final class ProcSysctls implements Sysctls {
  /** Source: Linux fs/proc/proc_sysctl.c; a setting is at most a page. */
  private static final int MOST_BYTES = 4096;

  private final Path root;

  public ProcSysctls() {
    this(Path.of("/proc/sys"));
  }

  ProcSysctls(Path root) {
    this.root = root;
  }

  @Override
  public Optional<String> read(String key) {
    try (InputStream file = Files.newInputStream(root.resolve(key))) {
      // In one piece: the kernel ends a number at the first read, however short that was.
      return Optional.of(new String(file.readNBytes(MOST_BYTES), StandardCharsets.UTF_8).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new LinuxException.Failed("cannot read sysctl " + key + ": " + e, e);
    }
  }

  @Override
  public boolean ensure(String key, String value) {
    if (read(key).filter(value::equals).isPresent()) {
      return false;
    }
    try {
      Files.write(
          root.resolve(key), value.getBytes(StandardCharsets.US_ASCII), StandardOpenOption.WRITE);
      return true;
    } catch (NoSuchFileException e) {
      throw new LinuxException.NotFound("this kernel has no sysctl " + key, e);
    } catch (AccessDeniedException e) {
      throw new LinuxException.Denied("sysctl " + key + " may not be changed", e);
    } catch (IOException e) {
      throw new LinuxException.Failed("cannot set sysctl " + key + " to " + value + ": " + e, e);
    }
  }
}
