package org.k3sjvm.linux.systemd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.syscall.SocketCalls;

class NotifySocketTest {
  @TempDir private Path directory;

  @Test
  void sendsOneDatagramToAPath() {
    String name = directory.resolve("notify").toString();

    assertThat(received(name, (name + "\0").getBytes(StandardCharsets.UTF_8)))
        .isEqualTo("READY=1\n");
  }

  @Test
  void sendsOneDatagramToAnAbstractName() {
    String name = "k3sjvm-test-" + ProcessHandle.current().pid();

    assertThat(received("@" + name, ("\0" + name).getBytes(StandardCharsets.UTF_8)))
        .isEqualTo("READY=1\n");
  }

  @Test
  void saysNothingWhenNobodyAsked() {
    assertThat(NotifySocket.from(Map.of())).isSameAs(ServiceManager.NONE);
  }

  @Test
  void namesTheSocketThatIsMissing() {
    Path absent = directory.resolve("absent");

    assertThatThrownBy(() -> new NotifySocket(absent.toString()).tell(ServiceManager.READY))
        .isInstanceOf(LinuxException.NotFound.class)
        .hasMessageContaining(absent.toString());
  }

  private static String received(String name, byte[] boundName) {
    int fd = SocketCalls.socket(SocketCalls.AF_UNIX, SocketCalls.SOCK_DGRAM, 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(2L + boundName.length, 2);
      address.set(ValueLayout.JAVA_SHORT, 0, (short) SocketCalls.AF_UNIX);
      MemorySegment.copy(boundName, 0, address, ValueLayout.JAVA_BYTE, 2, boundName.length);
      assertThat(SocketCalls.bind(fd, address)).isZero();

      NotifySocket.from(Map.of("NOTIFY_SOCKET", name)).tell(ServiceManager.READY);

      MemorySegment buffer = arena.allocate(64);
      long length = SocketCalls.receive(fd, buffer, SocketCalls.MSG_DONTWAIT);
      return new String(
          buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    } finally {
      SocketCalls.close(fd);
    }
  }
}
