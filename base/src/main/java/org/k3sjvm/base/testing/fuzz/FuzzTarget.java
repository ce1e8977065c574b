package org.k3sjvm.base.testing.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A parser of outside bytes.
 *
 * @param name what it reads, such as {@code tunnel frame}
 * @param parser reads one input; it keeps nothing between two inputs
 * @param answers what it may throw when an input is bad; whatever else it throws is a fault
 * @param seeds valid samples
 * @param words what the format is made of, in addition to what all formats are made of
 * @param maxBytes the largest input
 */
public record FuzzTarget(
    String name,
    Parser parser,
    Set<Class<? extends Exception>> answers,
    List<byte[]> seeds,
    List<byte[]> words,
    int maxBytes) {
  private static final int MAX_BYTES = 64 * 1024;

  public FuzzTarget {
    answers = Set.copyOf(answers);
    seeds = List.copyOf(seeds);
    words = List.copyOf(words);
  }

  /** Reads one input. */
  @FunctionalInterface
  public interface Parser {
    void parse(byte[] input) throws Exception;
  }

  /** Reads one input that is text. */
  @FunctionalInterface
  public interface TextParser {
    void parse(String input) throws Exception;
  }

  /** Reads one input that is a file. */
  @FunctionalInterface
  public interface FileParser {
    void parse(Path file) throws Exception;
  }

  /** A parser that throws only these, or exceptions of their kind. */
  @SafeVarargs
  public static FuzzTarget bytes(
      String name, Parser parser, Class<? extends Exception>... answers) {
    Set<Class<? extends Exception>> all = new HashSet<>();
    for (Class<? extends Exception> answer : answers) {
      all.add(answer);
    }
    return new FuzzTarget(name, parser, all, List.of(), List.of(), MAX_BYTES);
  }

  /** A parser of UTF-8; what is not UTF-8 comes to it with replacement characters. */
  @SafeVarargs
  public static FuzzTarget text(
      String name, TextParser parser, Class<? extends Exception>... answers) {
    return bytes(name, input -> parser.parse(new String(input, StandardCharsets.UTF_8)), answers);
  }

  /**
   * A parser of a file, which lies alone in a directory of its own that goes with this process.
   *
   * @param fileName how the file is to be called
   */
  @SafeVarargs
  public static FuzzTarget file(
      String name, String fileName, FileParser parser, Class<? extends Exception>... answers) {
    Path file;
    try {
      Path directory = Files.createTempDirectory("k3s-fuzz");
      directory.toFile().deleteOnExit();
      file = directory.resolve(fileName);
      file.toFile().deleteOnExit();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make a directory for a file to read", e);
    }
    return bytes(
        name,
        input -> {
          Files.write(file, input);
          parser.parse(file);
        },
        answers);
  }

  /** With these samples, too. */
  public FuzzTarget seeds(byte[]... more) {
    List<byte[]> all = new ArrayList<>(seeds);
    all.addAll(List.of(more));
    return new FuzzTarget(name, parser, answers, all, words, maxBytes);
  }

  /** With these samples, too. */
  public FuzzTarget seeds(String... more) {
    return seeds(encoded(more));
  }

  /** With these words, too. */
  public FuzzTarget words(String... more) {
    List<byte[]> all = new ArrayList<>(words);
    all.addAll(List.of(encoded(more)));
    return new FuzzTarget(name, parser, answers, seeds, all, maxBytes);
  }

  /** With a limit that who reads the bytes holds: a file's size, a body's length. */
  public FuzzTarget upTo(int bytes) {
    return new FuzzTarget(name, parser, answers, seeds, words, bytes);
  }

  private static byte[][] encoded(String... texts) {
    byte[][] bytes = new byte[texts.length][];
    for (int i = 0; i < texts.length; i++) {
      bytes[i] = texts[i].getBytes(StandardCharsets.UTF_8);
    }
    return bytes;
  }
}
