package org.k3sjvm.base.testing.fuzz;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * What came of a run.
 *
 * @param inputs how many were tried
 * @param failures at most {@link #MOST_FAILURES}, each of another kind
 * @param slowest how long the slowest input took, in processor time where it was slow enough to ask
 * @param mostBytes what the hungriest input allocated
 */
public record FuzzReport(
    String target,
    long inputs,
    Duration took,
    List<Failure> failures,
    Duration slowest,
    long mostBytes) {
  static final int MOST_FAILURES = 8;

  public FuzzReport {
    failures = List.copyOf(failures);
  }

  /**
   * An input that a parser did not survive.
   *
   * @param seed the run's
   * @param what went wrong, with the place in the code
   */
  public record Failure(
      String target,
      long seed,
      @SuppressWarnings("ArrayRecordComponent") byte[] input,
      String what) {
    private static final int SHOWN = 100;

    /** The input as a word that {@code bench/fuzz.sh --input} takes. */
    public String word() {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (var out = new DeflaterOutputStream(bytes)) {
        out.write(input);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot deflate in memory", e);
      }
      return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    }

    /**
     * The input that a word stands for.
     *
     * @throws IllegalArgumentException when it is no such word
     */
    public static byte[] input(String word) {
      byte[] bytes = Base64.getUrlDecoder().decode(word);
      try (var in = new InflaterInputStream(new ByteArrayInputStream(bytes))) {
        return in.readAllBytes();
      } catch (IOException e) {
        throw new IllegalArgumentException("not an input: " + e.getMessage(), e);
      }
    }

    @Override
    public String toString() {
      String text = new String(input, StandardCharsets.ISO_8859_1);
      String shown =
          text.substring(0, Math.min(SHOWN, text.length())).replaceAll("\\P{Print}", "·");
      return "%s, seed %d: %s%n  input of %d bytes: %s%n  again: bench/fuzz.sh --target '%s' --input %s"
          .formatted(target, seed, what, input.length, shown, target, word());
    }
  }
}
