package org.k3sjvm.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameCodecTest {
  private static final HexFormat HEX = HexFormat.of();

  /** Bytes that the reference sends. Source: remotedialer as in k3s v1.36.3. */
  static Stream<Arguments> fixtures() {
    return Stream.of(
        Arguments.of(
            5L,
            new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"),
            "0a0404b0ea017463702f3132372e302e302e313a3130323530"),
        Arguments.of(6L, new Frame.Data(2, 15000, bytes("GET")), "0c0402b0ea01474554"),
        Arguments.of(7L, new Frame.Ended(2, "EOF"), "0e0406454f46"),
        Arguments.of(8L, new Frame.Pause(2), "10040c"),
        Arguments.of(9L, new Frame.SyncConnections(List.of(2L)), "1200100200000000000000"));
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void speaksTheBytesOfTheReference(long id, Frame frame, String hex) throws Exception {
    assertThat(HEX.formatHex(FrameCodec.encode(id, frame))).isEqualTo(hex);
    assertThat(FrameCodec.decode(HEX.parseHex(hex))).isEqualTo(frame);
  }

  @Test
  void listsConnectionsInAscendingOrderAndLittleEndian() {
    assertThat(HEX.formatHex(FrameCodec.encode(0, new Frame.SyncConnections(List.of(258L, 2L)))))
        .isEqualTo("000010" + "0200000000000000" + "0201000000000000");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // nothing
        "0a", // no connection
        "0a04", // no type
        "0a0402", // Data without a deadline
        "0a048080808080808080808001", // a number of more than 64 bits
        "0a04ffffffffffffffffff02", // the same in the last byte
        "0a0404b0ea01746370", // Connect without a slash
        "0a0008616263", // AddClient without a slash
        "0a001001", // a list that is no multiple of eight
      })
  void whatIsBrokenEndsTheSession(String hex) {
    assertThatThrownBy(() -> FrameCodec.decode(HEX.parseHex(hex)))
        .isInstanceOf(TunnelException.class);
  }

  @Test
  void typesOfLaterVersionsAreReadAndLeft() throws Exception {
    assertThat(FrameCodec.decode(HEX.parseHex("0a041261"))).isEqualTo(new Frame.Unknown(9));
  }

  @Test
  void longTextsAreCutWhereTheReferenceCuts() throws Exception {
    byte[] error = FrameCodec.encode(1, new Frame.Ended(2, "x".repeat(500)));
    assertThat(((Frame.Ended) FrameCodec.decode(error)).text()).hasSize(100);
    byte[] connect = FrameCodec.encode(1, new Frame.Connect(2, 1, "tcp", "y".repeat(500)));
    assertThat(((Frame.Connect) FrameCodec.decode(connect)).address()).hasSize(262);
  }

  @Test
  void everyFrameSurvivesTheWayThereAndBack() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      Frame frame = any(random);
      assertThat(FrameCodec.decode(FrameCodec.encode(random.nextLong(), frame)))
          .as("seed %d", seed)
          .isEqualTo(frame);
    }
  }

  @Test
  void randomBytesAreReadOrRefusedAndNothingElse() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 100_000; i++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      if (random.nextBoolean() && bytes.length > 3) {
        bytes[0] = 2;
        bytes[1] = 2;
        bytes[2] = (byte) (2 * random.nextInt(10));
      }
      try {
        assertThat(FrameCodec.decode(bytes)).isNotNull();
      } catch (TunnelException e) {
        assertThat(e.getMessage()).isNotEmpty();
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", bytes " + HEX.formatHex(bytes), e);
      }
    }
  }

  private static Frame any(Random random) {
    long connection = random.nextLong();
    byte[] payload = new byte[random.nextInt(50)];
    random.nextBytes(payload);
    return switch (random.nextInt(8)) {
      case 0 -> new Frame.Data(connection, random.nextLong(0, 1 << 20), ByteBuffer.wrap(payload));
      case 1 -> new Frame.Connect(connection, random.nextInt(1 << 20), "tcp", "[::1]:10250");
      case 2 -> new Frame.Ended(connection, HEX.formatHex(payload));
      case 3 -> new Frame.AddClient("a/" + random.nextInt());
      case 4 -> new Frame.RemoveClient("a/" + random.nextInt());
      case 5 -> new Frame.Pause(connection);
      case 6 -> new Frame.Resume(connection);
      default ->
          new Frame.SyncConnections(
              random.longs(random.nextInt(5), 0, Long.MAX_VALUE).sorted().boxed().toList());
    };
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }
}
