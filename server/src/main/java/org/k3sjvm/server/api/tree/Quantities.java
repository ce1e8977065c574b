package org.k3sjvm.server.api.tree;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;

/** Resource quantities such as {@code 100m}, {@code 1.5Gi}, {@code 1e3}. */
public final class Quantities {
  private static final Map<String, BigDecimal> SUFFIXES =
      Map.ofEntries(
          Map.entry("n", BigDecimal.ONE.movePointLeft(9)),
          Map.entry("u", BigDecimal.ONE.movePointLeft(6)),
          Map.entry("m", BigDecimal.ONE.movePointLeft(3)),
          Map.entry("", BigDecimal.ONE),
          Map.entry("k", BigDecimal.ONE.movePointRight(3)),
          Map.entry("M", BigDecimal.ONE.movePointRight(6)),
          Map.entry("G", BigDecimal.ONE.movePointRight(9)),
          Map.entry("T", BigDecimal.ONE.movePointRight(12)),
          Map.entry("P", BigDecimal.ONE.movePointRight(15)),
          Map.entry("E", BigDecimal.ONE.movePointRight(18)),
          Map.entry("Ki", BigDecimal.valueOf(1L << 10)),
          Map.entry("Mi", BigDecimal.valueOf(1L << 20)),
          Map.entry("Gi", BigDecimal.valueOf(1L << 30)),
          Map.entry("Ti", BigDecimal.valueOf(1L << 40)),
          Map.entry("Pi", BigDecimal.valueOf(1L << 50)),
          Map.entry("Ei", BigDecimal.valueOf(1L << 60)));

  private static final int LONGEST_TEXT = 128;
  private static final int MOST_DIGITS = 60;

  private Quantities() {}

  /** The exact value; empty when the text is no quantity. */
  public static Optional<BigDecimal> parse(String text) {
    if (text.length() > LONGEST_TEXT) {
      return Optional.empty();
    }
    int end = text.length();
    while (end > 0 && Character.isLetter(text.charAt(end - 1))) {
      end--;
    }
    BigDecimal unit = SUFFIXES.get(text.substring(end));
    try {
      if (unit != null && end > 0) {
        return sensible(new BigDecimal(text.substring(0, end)).multiply(unit));
      }
      return sensible(new BigDecimal(text));
    } catch (NumberFormatException | ArithmeticException _) {
      return Optional.empty();
    }
  }

  /** One sum with 1e999999999 would fill the memory with its digits. */
  private static Optional<BigDecimal> sensible(BigDecimal number) {
    long magnitude = (long) number.precision() - number.scale();
    return Math.abs(magnitude) > MOST_DIGITS || Math.abs((long) number.scale()) > MOST_DIGITS
        ? Optional.empty()
        : Optional.of(number);
  }

  /** The value at a path, zero when there is none. */
  public static BigDecimal at(JsonNode tree, String... path) {
    return parse(Trees.text(tree, path)).orElse(BigDecimal.ZERO);
  }
}
