package org.k3sjvm.linux.systemd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.syscall.SocketCalls;

/** The Unix datagram socket that NOTIFY_SOCKET names; a leading {@code @} means abstract. */
public final class NotifySocket implements ServiceManager {
  public static final String VARIABLE = "NOTIFY_SOCKET";

  /** Most bytes of a Unix socket's name. Source: unix(7), sun_path. */
  private static final int NAME_LIMIT_BYTES = 108;

  private final String name;

  public NotifySocket(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (!(name.startsWith("/") || name.startsWith("@"))
        || length < 2
        || length >= NAME_LIMIT_BYTES) {
      throw new IllegalArgumentException("not a " + VARIABLE + ": '" + name + "'");
    }
    this.name = name;
  }

  /** The socket that the environment names, or {@link ServiceManager#NONE}. */
  public static ServiceManager from(Map<String, String> environment) {
    String name = environment.getOrDefault(VARIABLE, "");
    return name.isEmpty() ? NONE : new NotifySocket(name);
  }

  @Override
  public void tell(String state) {
    int fd =
        SocketCalls.socket(
            SocketCalls.AF_UNIX, SocketCalls.SOCK_DGRAM | SocketCalls.SOCK_CLOEXEC, 0);
    check("open a datagram socket for " + name, fd);
    try (Arena arena = Arena.ofConfined()) {
      byte[] text = state.getBytes(StandardCharsets.UTF_8);
      MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, text);
      long sent = SocketCalls.send(fd, data, SocketCalls.MSG_DONTWAIT, address(arena));
      check("tell the service manager at " + name, sent);
    } finally {
      SocketCalls.close(fd);
    }
  }

  /** An abstract name begins with a zero byte and ends where the address ends. */
  private MemorySegment address(Arena arena) {
    byte[] path = name.getBytes(StandardCharsets.UTF_8);
    boolean isAbstract = path[0] == '@';
    MemorySegment address = arena.allocate(2L + path.length + (isAbstract ? 0 : 1), 2);
    address.set(ValueLayout.JAVA_SHORT, 0, (short) SocketCalls.AF_UNIX);
    MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, 2, path.length);
    if (isAbstract) {
      address.set(ValueLayout.JAVA_BYTE, 2, (byte) 0);
    }
    return address;
  }

  private static void check(String attempt, long result) {
    if (result < 0) {
      throw LinuxException.of(attempt, Math.toIntExact(-result));
    }
  }
}
