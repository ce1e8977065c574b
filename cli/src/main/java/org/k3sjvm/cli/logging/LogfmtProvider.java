package org.k3sjvm.cli.logging;

import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.logging.Level;
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
  private final PrintStream out = System.err;

  /** Debug lines on or off; also quietens the libraries that use java.util.logging. */
  public static void showDebug(boolean debug) {
    LogfmtLogger.showDebug(debug);
    java.util.logging.Logger.getLogger("").setLevel(Level.SEVERE);
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
    return loggers.computeIfAbsent(name, _ -> new LogfmtLogger(name, out));
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
