package org.k3sjvm.base.secret;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SealTest {
  private static final byte[] PLAIN = "the token is K10abc".getBytes(UTF_8);

  private final Seal seal = seal("cold start", "key of this host", "id of this node");

  @Test
  void opensWhatItClosed() throws Seal.BrokenException {
    for (int size : new int[] {0, 1, 63, 64, 65, 100_000}) {
      byte[] plain = new byte[size];
      new Random(size).nextBytes(plain);

      assertThat(seal.open(seal.close(plain, "label"), "label")).isEqualTo(plain);
    }
  }

  @Test
  void aSealOfTheSameKeyMaterialOpensIt() throws Seal.BrokenException {
    Seal after = seal("cold start", "key of this host", "id of this node");

    assertThat(after.open(seal.close(PLAIN, "label"), "label")).isEqualTo(PLAIN);
  }

  @Test
  void twoClosingsOfTheSameDiffer() {
    assertThat(seal.close(PLAIN, "label")).isNotEqualTo(seal.close(PLAIN, "label"));
  }

  @Test
  void nothingOfItIsReadable() {
    assertThat(new String(seal.close(PLAIN, "label"), UTF_8))
        .doesNotContain("token")
        .doesNotContain("K10abc")
        .doesNotContain("label");
  }

  @Test
  void anotherKeyDoesNotOpenIt() {
    assertBroken(
        seal("cold start", "key of another host", "id of this node"),
        seal.close(PLAIN, "label"),
        "label");
  }

  @Test
  void anotherPurposeDoesNotOpenIt() {
    assertBroken(
        seal("warm start", "key of this host", "id of this node"),
        seal.close(PLAIN, "label"),
        "label");
  }

  @Test
  void anotherLabelDoesNotOpenIt() {
    byte[] sealed = seal.close(PLAIN, "label");

    assertBroken(seal, sealed, "Label");
    assertBroken(seal, sealed, "");
  }

  @Test
  void aChangedByteAnywhereIsNoticed() {
    byte[] sealed = seal.close(PLAIN, "label");
    for (int at = 0; at < sealed.length; at++) {
      byte[] changed = sealed.clone();
      changed[at] ^= 1;

      assertBroken(seal, changed, "label");
    }
  }

  @Test
  void aPartOfItDoesNotOpen() {
    byte[] sealed = seal.close(PLAIN, "label");
    for (int length = 0; length < sealed.length; length++) {
      assertBroken(seal, Arrays.copyOf(sealed, length), "label");
    }
    assertBroken(seal, Arrays.copyOf(sealed, sealed.length + 1), "label");
  }

  @Test
  void noiseNeverOpensAndIsNeverAnotherFault() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      byte[] noise = new byte[random.nextInt(200)];
      random.nextBytes(noise);

      assertThatThrownBy(() -> seal.open(noise, "label"))
          .as("seed %d, array %d", seed, i)
          .isInstanceOf(Seal.BrokenException.class);
    }
  }

  @Test
  void whereOnePartOfTheMaterialEndsCounts() {
    Seal two = seal("cold start", "a", "b");
    for (Seal other :
        List.of(
            seal("cold start", "ab"),
            seal("cold start", "ab", ""),
            seal("cold start", "", "ab"),
            seal("cold start", "b", "a"))) {
      assertBroken(other, two.close(PLAIN, "label"), "label");
      assertThat(other.nameOf("web")).isNotEqualTo(two.nameOf("web"));
    }
  }

  @Test
  void aLongPartOfTheMaterialCountsToItsEnd() {
    Seal one = seal("cold start", "a".repeat(70_000) + "b");

    assertBroken(seal("cold start", "a".repeat(70_000) + "c"), one.close(PLAIN, "label"), "label");
  }

  @Test
  void aNameIsTheSameForTheSameKeyAndTextOnly() {
    String name = seal.nameOf("secrets/default/db");

    assertThat(name).matches("[0-9a-f]{32}");
    assertThat(
            seal("cold start", "key of this host", "id of this node").nameOf("secrets/default/db"))
        .isEqualTo(name);
    assertThat(seal.nameOf("secrets/default/dc")).isNotEqualTo(name);
    assertThat(seal("cold start", "another key", "id of this node").nameOf("secrets/default/db"))
        .isNotEqualTo(name);
    assertThat(
            seal("warm start", "key of this host", "id of this node").nameOf("secrets/default/db"))
        .isNotEqualTo(name);
  }

  private static void assertBroken(Seal seal, byte[] sealed, String label) {
    assertThatThrownBy(() -> seal.open(sealed, label)).isInstanceOf(Seal.BrokenException.class);
  }

  private static Seal seal(String purpose, String... material) {
    return new Seal(purpose, Stream.of(material).map(part -> part.getBytes(UTF_8)).toList());
  }
}
