package org.k3sjvm.linux.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class EchoPacketTest {
  private static final EchoPacket PACKET = new EchoPacket(0x1234_5678_9abc_def0L, 7);

  @Test
  void aRequestFillsThePacketAndSumsUpToNothing() {
    byte[] bytes = PACKET.request(false, 64);

    assertThat(bytes).hasSize(44);
    assertThat(HexFormat.of().formatHex(bytes)).startsWith("0800036b12340007123456789abcdef0");
  }

  @Test
  void ipv6LeavesTheSumToTheKernel() {
    assertThat(HexFormat.of().formatHex(PACKET.request(true, 64)))
        .startsWith("8000000012340007")
        .hasSize(48);
  }

  @Test
  void findsTheReplyBehindTheHeaderOfIpv4() {
    byte[] packet = new byte[64];
    packet[0] = 0x45;
    System.arraycopy(PACKET.request(false, 64), 0, packet, 20, 44);
    assertThat(EchoPacket.reply(false, ByteBuffer.wrap(packet))).as("a request").isEmpty();

    packet[20] = EchoPacket.REPLY_V4;
    assertThat(EchoPacket.reply(false, ByteBuffer.wrap(packet))).contains(PACKET);
  }

  @Test
  void whatIsTooShortIsNoReply() {
    assertThat(EchoPacket.reply(false, ByteBuffer.wrap(new byte[] {0x45, 0}))).isEmpty();
    assertThat(EchoPacket.reply(false, ByteBuffer.allocate(0))).isEmpty();
    assertThat(EchoPacket.reply(true, ByteBuffer.wrap(new byte[] {(byte) 129}))).isEmpty();
  }
}
