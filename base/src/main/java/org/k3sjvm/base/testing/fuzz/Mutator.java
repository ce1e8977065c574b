package org.k3sjvm.base.testing.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Makes inputs of samples: a few changes each, and now and then a very large one. Not shared. */
final class Mutator {
  private static final int MOST_SAMPLES = 256;
  private static final int LARGEST_SAMPLE = 4096;
  private static final int MOST_CHANGES = 5;
  private static final int ONE_LARGE_OF = 300;
  private static final int USUAL_GROWTH = 256;

  private static final List<byte[]> WORDS =
      of(
          "\n",
          "\r\n",
          "\r",
          "\t",
          " ",
          "\0",
          "\u00a0",
          "\u0085",
          "\u2028",
          "\ufeff",
          "\ud83d\ude00",
          "{",
          "}",
          "[",
          "]",
          "\"",
          "'",
          ":",
          ",",
          "=",
          "/",
          "\\",
          "..",
          "../",
          "%",
          "%00",
          "%zz",
          "${",
          "$(",
          "*",
          "&a ",
          "*a",
          "!!",
          "- ",
          "# ",
          "| ",
          "? ",
          "<<: *a",
          "---\n",
          "null",
          "true",
          "[]",
          "{}",
          "0",
          "-1",
          "1",
          "NaN",
          "1e9",
          "0x",
          "::",
          "ffff::",
          "/0",
          "/33");

  /** Put in place of a value of JSON or YAML. */
  private static final List<byte[]> VALUES =
      of(
          "null",
          "[]",
          "{}",
          "\"\"",
          "\"x\"",
          "0",
          "-1",
          "true",
          "1.5",
          "[null]",
          "[[]]",
          "[{}]",
          "{\"\":null}",
          "1e400",
          "99999999999999999999",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "[\"\"]");

  /** Put in place of digits. */
  private static final List<byte[]> NUMBERS =
      of(
          "0",
          "-0",
          "-1",
          "1",
          "00",
          "127",
          "128",
          "255",
          "256",
          "65535",
          "65536",
          "2147483647",
          "2147483648",
          "-2147483648",
          "4294967295",
          "4294967296",
          "9223372036854775807",
          "9223372036854775808",
          "-9223372036854775808",
          "18446744073709551616",
          "1e9",
          "1e999999999",
          "1e-999999999",
          "0.1",
          "1_000",
          "0x7fffffff",
          "٣",
          "99999999999999999999999999999999999999");

  private static final List<byte[]> NESTS =
      of("[", "{\"a\":", "{", "(", "- ", "[[{", "<", "{a: ", "&a [*a, ", "0\u0080", "a:\n ");

  private static final List<String[]> PAIRS =
      List.of(
          new String[] {"[", "]"},
          new String[] {"{\"a\":", "}"},
          new String[] {"{\"spec\":", "}"},
          new String[] {"(", ")"},
          new String[] {"$(", ")"});

  private static final long[] LENGTHS = {
    0,
    1,
    -1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffffL,
    0x80000000L,
    0xffffffffL,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private final SplittableRandom random;
  private final List<byte[]> samples;
  private final List<byte[]> words;
  private final int seeds;
  private final int maxBytes;

  Mutator(FuzzTarget target, SplittableRandom random) {
    this.random = random;
    this.maxBytes = target.maxBytes();
    this.samples = new ArrayList<>(target.seeds());
    samples.add(new byte[0]);
    this.seeds = samples.size();
    this.words = new ArrayList<>(WORDS);
    for (int i = 0; i < 1 + WORDS.size() / (1 + target.words().size()); i++) {
      words.addAll(target.words()); // as likely as the others together
    }
  }

  /** The next input; the caller may keep it. */
  byte[] next() {
    boolean large = random.nextInt(ONE_LARGE_OF) == 0;
    byte[] bytes = sample();
    int changes = 1 + random.nextInt(MOST_CHANGES);
    for (int i = 0; i < changes; i++) {
      bytes = change(bytes);
    }
    if (large) {
      bytes = enlarge(bytes);
    }
    return bytes.length <= maxBytes ? bytes : Arrays.copyOf(bytes, maxBytes);
  }

  /** Notes an input that had a new answer, so that others are made of it. */
  void keep(byte[] input) {
    if (input.length > LARGEST_SAMPLE) {
      return;
    }
    if (samples.size() < seeds + MOST_SAMPLES) {
      samples.add(input);
    } else {
      samples.set(seeds + random.nextInt(MOST_SAMPLES), input);
    }
  }

  /** As often one of the valid ones as one of those found later. */
  private byte[] sample() {
    return samples.get(random.nextInt(random.nextBoolean() ? seeds : samples.size()));
  }

  private byte[] change(byte[] in) {
    int at = random.nextInt(in.length + 1);
    int end = Math.min(in.length, at + 1 + random.nextInt(16));
    return switch (random.nextInt(20)) {
      case 0 -> flip(in);
      case 1 -> replace(in, at, Math.min(in.length, at + 1), new byte[] {anyByte()});
      case 2 -> replace(in, at, at, new byte[] {anyByte()});
      case 3 -> replace(in, at, end, new byte[0]);
      case 4 -> replace(in, at, at, Arrays.copyOfRange(in, at, end));
      case 5 -> Arrays.copyOf(in, at);
      case 6 -> splice(in, at);
      case 7, 8 -> replace(in, at, at, pick(words));
      case 9, 10 -> replace(in, at, end, pick(words));
      case 11 -> number(in, at);
      case 12 -> length(in, at);
      case 13, 14 -> value(in, at);
      case 15 -> line(in, at);
      case 16 -> move(in, at, end);
      case 17 -> replace(in, at, at, repeat(pick(words), random.nextInt(USUAL_GROWTH)));
      case 18 -> replace(in, at, at, anyBytes());
      default -> replace(in, at, end, anyBytes());
    };
  }

  /** A flood: one piece again and again, or pairs around each other, inside the input or alone. */
  private byte[] enlarge(byte[] in) {
    int at = random.nextInt(in.length + 1);
    int room = Math.max(0, maxBytes - in.length);
    byte[] flood =
        switch (random.nextInt(5)) {
          case 0 -> repeat(pick(words), room);
          case 1 -> repeat(pick(NESTS), room);
          case 2 ->
              repeat(
                  Arrays.copyOfRange(in, at, Math.min(in.length, at + random.nextInt(64))), room);
          case 3 -> nested();
          default -> repeat(in, room);
        };
    return random.nextBoolean() ? replace(in, at, at, flood) : flood;
  }

  private byte[] nested() {
    String[] pair = PAIRS.get(random.nextInt(PAIRS.size()));
    int levels = 1 << random.nextInt(15);
    return (pair[0].repeat(levels) + "1" + pair[1].repeat(levels)).getBytes(StandardCharsets.UTF_8);
  }

  private byte[] flip(byte[] in) {
    if (in.length == 0) {
      return in;
    }
    byte[] out = in.clone();
    out[random.nextInt(out.length)] ^= (byte) (1 << random.nextInt(8));
    return out;
  }

  private byte[] splice(byte[] in, int at) {
    byte[] other = sample();
    int from = random.nextInt(other.length + 1);
    return replace(in, at, in.length, Arrays.copyOfRange(other, from, other.length));
  }

  /** The digits at or behind a place become another number. */
  private byte[] number(byte[] in, int from) {
    int at = from;
    while (at < in.length && !isDigit(in[at])) {
      at++;
    }
    int end = at;
    while (end < in.length && isDigit(in[end])) {
      end++;
    }
    return replace(in, at, end, pick(NUMBERS));
  }

  /** One, two, four or eight bytes become a number that lies, in either order. */
  private byte[] length(byte[] in, int at) {
    int width = 1 << random.nextInt(4);
    long value =
        random.nextBoolean()
            ? LENGTHS[random.nextInt(LENGTHS.length)]
            : in.length + random.nextInt(-8, 9);
    boolean little = random.nextBoolean();
    byte[] lie = new byte[width];
    for (int i = 0; i < width; i++) {
      lie[little ? i : width - 1 - i] = (byte) (value >>> (8 * i));
    }
    return replace(in, at, Math.min(in.length, at + width), lie);
  }

  /** What follows a colon or an equals sign, up to its end, becomes something else. */
  private byte[] value(byte[] in, int from) {
    int at = from;
    while (at < in.length && in[at] != ':' && in[at] != '=') {
      at++;
    }
    at = Math.min(in.length, at + 1);
    int end = at;
    while (end < in.length && in[end] != ',' && in[end] != '}' && in[end] != '\n') {
      end++;
    }
    return replace(in, at, end, pick(VALUES));
  }

  /** The line at a place goes, or comes once more. */
  private byte[] line(byte[] in, int at) {
    int from = at;
    while (from > 0 && in[from - 1] != '\n') {
      from--;
    }
    int end = at;
    while (end < in.length && in[end] != '\n') {
      end++;
    }
    end = Math.min(in.length, end + 1);
    return random.nextBoolean()
        ? replace(in, from, end, new byte[0])
        : replace(in, end, end, Arrays.copyOfRange(in, from, end));
  }

  private byte[] move(byte[] in, int at, int end) {
    byte[] piece = Arrays.copyOfRange(in, at, end);
    byte[] rest = replace(in, at, end, new byte[0]);
    int to = random.nextInt(rest.length + 1);
    return replace(rest, to, to, piece);
  }

  private byte anyByte() {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> (byte) (0x7e + random.nextInt(4));
      case 2 -> (byte) 0xff;
      default -> (byte) random.nextInt(256);
    };
  }

  private byte[] anyBytes() {
    byte[] bytes = new byte[random.nextInt(16)];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] pick(List<byte[]> from) {
    return from.get(random.nextInt(from.size()));
  }

  private static byte[] repeat(byte[] piece, int bytes) {
    if (piece.length == 0) {
      return piece;
    }
    byte[] all = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      all[i] = piece[i % piece.length];
    }
    return all;
  }

  private byte[] replace(byte[] in, int from, int end, byte[] by) {
    int length = Math.min(maxBytes, in.length - (end - from) + by.length);
    byte[] out = Arrays.copyOf(in, length);
    int put = Math.min(by.length, length - Math.min(from, length));
    System.arraycopy(by, 0, out, Math.min(from, length), put);
    int rest = length - Math.min(from + by.length, length);
    System.arraycopy(in, end, out, length - rest, Math.min(rest, in.length - end));
    return out;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  private static List<byte[]> of(String... words) {
    return Arrays.stream(words).map(word -> word.getBytes(StandardCharsets.UTF_8)).toList();
  }
}
