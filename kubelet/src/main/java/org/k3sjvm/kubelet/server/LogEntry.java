package org.k3sjvm.kubelet.server;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/**
 * One line of a container's log file: {@code time stream tags content}. Source: CRI logging format,
 * Kubernetes design proposal "CRI logging", and containerd's writer.
 *
 * @param stderr else stdout
 * @param partial whether the container's line goes on in the next entry
 * @param contentStart where the content begins in the line
 */
record LogEntry(OffsetDateTime time, boolean stderr, boolean partial, int contentStart) {
  /** RFC 3339 with always nine digits. */
  private static final DateTimeFormatter NINE_DIGITS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSSXXX");

  /** Reads a line without its newline; empty when it has not the form. */
  static Optional<LogEntry> parse(byte[] line, int length) {
    int first = indexOfSpace(line, 0, length);
    int second = first < 0 ? -1 : indexOfSpace(line, first + 1, length);
    if (second < 0) {
      return Optional.empty();
    }
    int third = indexOfSpace(line, second + 1, length);
    int tagsEnd = third < 0 ? length : third;
    String stream = text(line, first + 1, second);
    String tag = text(line, second + 1, tagsEnd);
    boolean partial = tag.equals("P") || tag.startsWith("P:");
    if (!(stream.equals("stdout") || stream.equals("stderr"))
        || !(partial || tag.equals("F") || tag.startsWith("F:"))) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new LogEntry(
              OffsetDateTime.parse(text(line, 0, first)),
              stream.equals("stderr"),
              partial,
              Math.min(tagsEnd + 1, length)));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  boolean isBefore(Instant moment) {
    return time.toInstant().isBefore(moment);
  }

  /** The time as clients get it, with the space behind. */
  byte[] timePrefix() {
    return (NINE_DIGITS.format(time) + " ").getBytes(StandardCharsets.US_ASCII);
  }

  private static int indexOfSpace(byte[] line, int from, int length) {
    for (int i = from; i < length; i++) {
      if (line[i] == ' ') {
        return i;
      }
    }
    return -1;
  }

  private static String text(byte[] line, int from, int to) {
    return new String(line, from, to - from, StandardCharsets.US_ASCII);
  }
}
