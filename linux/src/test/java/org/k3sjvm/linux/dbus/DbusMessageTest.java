package org.k3sjvm.linux.dbus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DbusMessageTest {
  private static byte[] setProperties() {
    Map<String, DbusValue> properties = new LinkedHashMap<>();
    properties.put("TasksMax", new DbusValue.Unsigned(7));
    properties.put("Wants", new DbusValue.Texts(List.of("a")));
    return DbusMessage.call(
        3,
        Map.of(DbusMessage.PATH, "/p", DbusMessage.MEMBER, "Set"),
        "sba(sv)",
        new DbusWriter().text("u").flag(true).properties(properties));
  }

  @Test
  void aCallHasEachValueAtAMultipleOfItsSize() {
    assertThat(HexFormat.of().formatHex(setProperties()))
        .isEqualTo(
            "6c010001" // little endian, call, no flags, version 1
                + "42000000" // the body's length
                + "03000000" // serial
                + "2d000000" // length of the fields
                + "01016f00020000002f70000000000000" // 1: o "/p"
                + "03017300030000005365740000000000" // 3: s "Set"
                + "08016700077362612873762900000000" // 8: g "sba(sv)"
                + "0100000075000000" // "u"
                + "01000000" // true
                + "32000000" // length of the array
                + "080000005461736b734d617800" // "TasksMax"
                + "017400" // t
                + "0700000000000000"
                + "0500000057616e747300" // "Wants"
                + "02617300" // as
                + "0000"
                + "06000000" // length of the array
                + "010000006100"); // "a"
  }

  @Test
  void whatWasWrittenCanBeRead() {
    byte[] bytes = setProperties();
    assertThat(DbusMessage.length(ByteBuffer.wrap(bytes, 0, DbusMessage.FIXED_BYTES)))
        .isEqualTo(bytes.length);
    DbusMessage message = DbusMessage.parse(bytes);
    assertThat(message.kind()).isEqualTo(DbusMessage.Kind.METHOD_CALL);
    assertThat(message.serial()).isEqualTo(3);
    assertThat(message.field(DbusMessage.MEMBER)).isEqualTo("Set");
    assertThat(message.field(DbusMessage.SIGNATURE)).isEqualTo("sba(sv)");
    assertThat(message.reader().text()).isEqualTo("u");
  }

  @Test
  void theOtherByteOrderIsUnderstood() {
    byte[] reply =
        HexFormat.of()
            .parseHex(
                "42020001" // big endian, return
                    + "00000006"
                    + "00000009"
                    + "00000008"
                    + "0501750000000003" // 5: answers 3
                    + "00000001"
                    + "7800");
    DbusMessage message = DbusMessage.parse(reply);
    assertThat(message.kind()).isEqualTo(DbusMessage.Kind.METHOD_RETURN);
    assertThat(message.replyTo()).isEqualTo(3);
    assertThat(message.order()).isEqualTo(ByteOrder.BIG_ENDIAN);
    assertThat(message.reader().text()).isEqualTo("x");
  }

  @Test
  void aMessageBeyondTheLimitIsNotWaitedFor() {
    byte[] fixed = HexFormat.of().parseHex("6c020001ffffffff0100000000000000");
    assertThatThrownBy(() -> DbusMessage.length(ByteBuffer.wrap(fixed)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void rubbishIsRefusedOrReadButNeverHangs() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = setProperties();
      for (int n = random.nextInt(1, 6); n > 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        DbusMessage.parse(bytes).reader().text();
      } catch (RuntimeException e) {
        assertThat(e)
            .as("seed " + seed)
            .isInstanceOfAny(
                IllegalArgumentException.class,
                java.nio.BufferUnderflowException.class,
                IndexOutOfBoundsException.class);
      }
    }
  }
}
