package org.k3sjvm.base.time;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as Go writes them: {@code 1h0m0s}, {@code 1.5s}, {@code 20ms}. Source: Go 1.24 time.
 */
public final class GoDurations {
  private static final int LONGEST_TEXT = 64;
  private static final Pattern PART =
      Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{1,18})?|\\.[0-9]{1,18})(ns|us|µs|μs|ms|s|m|h)");
  private static final Map<String, Long> NANOS =
      Map.of(
          "ns", 1L,
          "us", 1_000L,
          "µs", 1_000L,
          "μs", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);

  private GoDurations() {}

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException when it is none, or longer than 292 years
   */
  public static Duration parse(String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    boolean negative = text.startsWith("-");
    String rest = negative || text.startsWith("+") ? text.substring(1) : text;
    if (rest.isEmpty() || rest.length() > LONGEST_TEXT) {
      throw new IllegalArgumentException("not a duration such as 1h30m: " + text);
    }
    BigDecimal sum = BigDecimal.ZERO;
    Matcher part = PART.matcher(rest);
    int at = 0;
    while (at < rest.length()) {
      if (!part.find(at) || part.start() != at) {
        throw new IllegalArgumentException("not a duration such as 1h30m: " + text);
      }
      sum =
          sum.add(
              new BigDecimal(part.group(1))
                  .multiply(BigDecimal.valueOf(NANOS.getOrDefault(part.group(2), 0L))));
      at = part.end();
    }
    if (sum.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw new IllegalArgumentException("too long a duration: " + text);
    }
    Duration length = Duration.ofNanos(sum.setScale(0, RoundingMode.DOWN).longValueExact());
    return negative ? length.negated() : length;
  }

  /** Writes one, not negative, cut to milliseconds. */
  public static String text(Duration length) {
    long millis = length.toMillis();
    if (millis < 1000) {
      return millis == 0 ? "0s" : millis + "ms";
    }
    String seconds =
        BigDecimal.valueOf(millis % 60_000, 3).stripTrailingZeros().toPlainString() + "s";
    long minutes = millis / 60_000;
    if (minutes == 0) {
      return seconds;
    }
    return (minutes < 60 ? "" : minutes / 60 + "h") + minutes % 60 + "m" + seconds;
  }
}
