package org.k3sjvm.cli.logging;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.logging.Level;
import org.k3sjvm.agent.config.LogFlags;
import org.k3sjvm.agent.config.UsageException;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Logger;
import org.slf4j.helpers.BasicMDCAdapter;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/** Found by SLF4J's service loader; every logger of the program comes from here. */
public final class LogfmtProvider implements SLF4JServiceProvider, ILoggerFactory {
  private final ConcurrentMap<String, Logger> loggers = new ConcurrentHashMap<>();
  private final IMarkerFactory markers = new BasicMarkerFactory();
  private final MDCAdapter context = new BasicMDCAdapter();

  /**
   * Writes what was asked for, to where it was asked for; also quietens the libraries that use
   * java.util.logging.
   *
   * @throws UsageException when the file cannot be written
   */
  public static void begin(LogFlags flags) {
    LogfmtLogger.showDebug(flags.debug());
    java.util.logging.Logger.getLogger("").setLevel(Level.SEVERE);
    flags.file().ifPresent(file -> redirect(file, flags.alsoStderr()));
  }

  /** All that is written to standard error, uncaught faults too, as upstream does. */
  private static void redirect(Path file, boolean alsoStderr) {
    try {
      OutputStream log =
          LogFile.open(file, LogFile.FULL_BYTES, Clock.systemUTC(), Thread::startVirtualThread);
      PrintStream both = new PrintStream(alsoStderr ? new Tee(log, System.err) : log, true, UTF_8);
      System.setErr(both);
    } catch (IOException e) {
      throw new UsageException("--log " + file + " cannot be written: " + e.getMessage(), e);
    }
  }

  /** Writes everything twice. */
  private static final class Tee extends OutputStream {
    private final OutputStream first;
    private final OutputStream second;

    Tee(OutputStream first, OutputStream second) {
      this.first = first;
      this.second = second;
    }

    @Override
    public void write(int b) throws IOException {
      first.write(b);
      second.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      first.write(bytes, offset, count);
      second.write(bytes, offset, count);
    }

    @Override
    public void flush() throws IOException {
      first.flush();
      second.flush();
    }
  }

  /** No lines at all, for commands whose answer is all that is to be seen. */
  public static void silence() {
    LogfmtLogger.silence();
    java.util.logging.Logger.getLogger("").setLevel(Level.OFF);
  }

  /** The newest warnings and errors, oldest first. */
  public static List<String> recentTroubles() {
    return LogfmtLogger.recentTroubles();
  }

  @Override
  public Logger getLogger(String name) {
    return loggers.computeIfAbsent(name, _ -> new LogfmtLogger(name, () -> System.err));
  }

  @Override
  public ILoggerFactory getLoggerFactory() {
    return this;
  }

  @Override
  public IMarkerFactory getMarkerFactory() {
    return markers;
  }

  @Override
  public MDCAdapter getMDCAdapter() {
    return context;
  }

  @Override
  public String getRequestedApiVersion() {
    return "2.0.99";
  }

  @Override
  public void initialize() {}
}
