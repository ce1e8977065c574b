package org.k3sjvm.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.Test;

class HeapBuffersTest {
  @Test
  void whatSocketsReadIntoIsAnArray() {
    ByteBuf buffer = HeapBuffers.INSTANCE.ioBuffer(2048);
    assertThat(buffer.hasArray()).isTrue();
    assertThat(buffer.release()).isTrue();
  }
}
