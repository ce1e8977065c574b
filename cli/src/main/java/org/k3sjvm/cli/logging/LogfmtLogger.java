package org.k3sjvm.cli.logging;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.slf4j.Marker;
import org.slf4j.event.KeyValuePair;
import org.slf4j.event.Level;
import org.slf4j.event.LoggingEvent;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.spi.LoggingEventAware;

/**
 * Writes one line per event: {@code time="2026-01-02T03:04:05Z" level=info msg="pod started"
 * pod=default/web}. A cause becomes {@code error="…"} with the messages of its own causes; its
 * stack trace follows only at debug level. A line is one write, so lines of several threads do not
 * mix.
 */
final class LogfmtLogger extends LegacyAbstractLogger implements LoggingEventAware {
  private static final long serialVersionUID = 1L;
  private static final String OURS = "org.k3sjvm.";

  private static volatile Level threshold = Level.INFO;
  private static volatile boolean silent;

  /** So many warnings and errors are kept for who asks, each cut to so many characters. */
  private static final int TROUBLES = 20;

  private static final int LONGEST_TROUBLE = 600;

  @GuardedBy("TROUBLE")
  private static final ArrayDeque<String> TROUBLE = new ArrayDeque<>(TROUBLES);

  @SuppressWarnings("serial") // loggers are never serialized; the interface of SLF4J only allows it
  private final transient Supplier<PrintStream> out;

  LogfmtLogger(String name, Supplier<PrintStream> out) {
    this.name = name;
    this.out = out;
  }

  /**
   * Debug lines of our own code on or off, for the whole program. Libraries speak from warning on.
   */
  static void showDebug(boolean debug) {
    threshold = debug ? Level.DEBUG : Level.INFO;
  }

  /** No line of anybody from now on. */
  static void silence() {
    silent = true;
  }

  @Override
  public void log(LoggingEvent event) {
    if (isEnabled(event.getLevel())) {
      write(
          event.getLevel(),
          event.getMessage(),
          event.getArgumentArray(),
          event.getKeyValuePairs(),
          event.getThrowable());
    }
  }

  @Override
  protected void handleNormalizedLoggingCall(
      Level level,
      @Nullable Marker marker,
      String message,
      @Nullable Object @Nullable [] arguments,
      @Nullable Throwable cause) {
    write(level, message, arguments, null, cause);
  }

  private void write(
      Level level,
      String message,
      @Nullable Object @Nullable [] arguments,
      @Nullable List<KeyValuePair> pairs,
      @Nullable Throwable cause) {
    StringBuilder line = new StringBuilder(160);
    line.append("time=\"").append(Instant.now().truncatedTo(ChronoUnit.MILLIS)).append('"');
    line.append(" level=")
        .append(level == Level.WARN ? "warning" : level.name().toLowerCase(Locale.ROOT));
    line.append(" msg=").append(quoted(MessageFormatter.basicArrayFormat(message, arguments)));
    Map<String, String> context = MDC.getCopyOfContextMap();
    if (context != null) {
      context.forEach((key, value) -> append(line, key, value));
    }
    if (pairs != null) {
      pairs.forEach(pair -> append(line, pair.key, String.valueOf(pair.value)));
    }
    if (cause != null) {
      append(line, "error", messages(cause));
    }
    if (level.toInt() >= Level.WARN.toInt()) {
      keep(line.length() <= LONGEST_TROUBLE ? line.toString() : line.substring(0, LONGEST_TROUBLE));
    }
    line.append('\n');
    if (cause != null && threshold == Level.DEBUG) {
      line.append(stackTrace(cause));
    }
    PrintStream stream = out.get();
    stream.print(line);
    stream.flush();
  }

  private static void keep(String line) {
    synchronized (TROUBLE) {
      if (TROUBLE.size() == TROUBLES) {
        TROUBLE.removeFirst();
      }
      TROUBLE.addLast(line);
    }
  }

  static List<String> recentTroubles() {
    synchronized (TROUBLE) {
      return List.copyOf(TROUBLE);
    }
  }

  private static void append(StringBuilder line, String key, String value) {
    line.append(' ').append(key).append('=').append(isPlain(value) ? value : quoted(value));
  }

  private static boolean isPlain(String value) {
    return !value.isEmpty()
        && value.chars().allMatch(c -> c > ' ' && c != '"' && c != '=' && c != '\\' && c < 0x7f);
  }

  private static String quoted(String value) {
    StringBuilder text = new StringBuilder(value.length() + 2).append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\t' -> text.append("\\t");
        default -> text.append(Character.isISOControl(c) ? "?" : c);
      }
    }
    return text.append('"').toString();
  }

  /** The messages down to the root, each once: an adapter's message often repeats its cause's. */
  private static String messages(Throwable fault) {
    StringBuilder text = new StringBuilder();
    for (Throwable t = fault; t != null; t = t.getCause()) {
      String message = t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
      if (text.indexOf(message) < 0) {
        text.append(text.isEmpty() ? "" : ": ").append(message);
      }
    }
    return text.toString();
  }

  private static String stackTrace(Throwable fault) {
    java.io.StringWriter text = new java.io.StringWriter();
    fault.printStackTrace(new java.io.PrintWriter(text));
    return text.toString();
  }

  private boolean isEnabled(Level level) {
    Level lowest = name.startsWith(OURS) ? threshold : Level.WARN;
    return !silent && level.toInt() >= lowest.toInt();
  }

  @Override
  public boolean isTraceEnabled() {
    return isEnabled(Level.TRACE);
  }

  @Override
  public boolean isDebugEnabled() {
    return isEnabled(Level.DEBUG);
  }

  @Override
  public boolean isInfoEnabled() {
    return isEnabled(Level.INFO);
  }

  @Override
  public boolean isWarnEnabled() {
    return isEnabled(Level.WARN);
  }

  @Override
  public boolean isErrorEnabled() {
    return isEnabled(Level.ERROR);
  }

  @Override
  protected @Nullable String getFullyQualifiedCallerName() {
    return null;
  }
}
