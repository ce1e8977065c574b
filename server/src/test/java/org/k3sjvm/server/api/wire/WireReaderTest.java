package org.k3sjvm.server.api.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WireReaderTest {
  /** Length-delimited fields of a message, the field number in front of each. */
  private static byte[] message(Object... numbersAndValues) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < numbersAndValues.length; i += 2) {
      int number = (Integer) numbersAndValues[i];
      switch (numbersAndValues[i + 1]) {
        case Long value -> {
          varint(out, number << 3);
          varint(out, value);
        }
        case String text -> bytes(out, number, text.getBytes(StandardCharsets.UTF_8));
        case byte[] inner -> bytes(out, number, inner);
        default -> throw new IllegalArgumentException();
      }
    }
    return out.toByteArray();
  }

  private static void bytes(ByteArrayOutputStream out, int number, byte[] value) {
    varint(out, (number << 3) | 2);
    varint(out, value.length);
    out.writeBytes(value);
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long left = value;
    while ((left & ~0x7fL) != 0) {
      out.write((int) ((left & 0x7f) | 0x80));
      left >>>= 7;
    }
    out.write((int) left);
  }

  private static byte[] enveloped(String apiVersion, String kind, byte[] raw) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {'k', '8', 's', 0});
    out.writeBytes(message(1, message(1, apiVersion, 2, kind), 2, raw, 3, "", 4, ""));
    return out.toByteArray();
  }

  private static ObjectNode read(byte[] body) {
    return WireReader.read(body, (version, kind) -> Optional.of("core." + version + "." + kind));
  }

  @Test
  void readsMapsListsTimesQuantitiesAndInlinedMessages() {
    byte[] metadata =
        message(
            1, "p", 2, "", 8, message(1, 1893456000L), 9, new byte[0], 11, message(1, "a", 2, "b"));
    byte[] volume = message(1, "v", 2, message(2, new byte[0]));
    byte[] container = message(1, "c", 8, message(1, message(1, "cpu", 2, message(1, "100m"))));
    byte[] probe = message(1, message(2, message(1, "/x", 2, message(1, 1L, 3, "web"))));
    byte[] spec = message(1, volume, 2, container, 4, 0L, 99, "unknown");

    ObjectNode pod = read(enveloped("v1", "Pod", message(1, metadata, 2, spec)));

    assertThat(pod.toString())
        .isEqualTo(
            "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\","
                + "\"creationTimestamp\":\"2030-01-01T00:00:00Z\",\"labels\":{\"a\":\"b\"}},"
                + "\"spec\":{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}],"
                + "\"containers\":[{\"name\":\"c\",\"resources\":{\"limits\":{\"cpu\":\"100m\"}}}],"
                + "\"terminationGracePeriodSeconds\":0}}");
    assertThat(
            WireReader.read(enveloped("v1", "Probe", probe), (_, _) -> Optional.of("core.v1.Probe"))
                .at("/httpGet/port")
                .asText())
        .isEqualTo("web");
  }

  @Test
  void brokenBytesAreRefusedAndNothingElseHappens() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] good =
        enveloped("v1", "Pod", message(1, message(1, "p"), 2, message(2, message(1, "c"))));
    for (int i = 0; i < 2000; i++) {
      byte[] bad = good.clone();
      for (int j = 0; j < 3; j++) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      try {
        read(bad);
      } catch (WireException e) {
        assertThat(e.getMessage()).as("seed " + seed).isNotEmpty();
      }
    }
    assertThatThrownBy(() -> read(new byte[0])).isInstanceOf(WireException.class);
  }
}
