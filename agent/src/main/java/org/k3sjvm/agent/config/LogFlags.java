package org.k3sjvm.agent.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What the user asks of the log.
 *
 * @param debug whether decisions are told, too
 * @param file in place of standard error
 * @param alsoStderr standard error as well as the file
 */
public record LogFlags(boolean debug, Optional<Path> file, boolean alsoStderr) {
  /** Where klog tells of decisions. Source: Kubernetes logging conventions. */
  private static final int DEBUG_VERBOSITY = 4;

  /** The flags of an agent or a server. */
  public static LogFlags of(FlagValues flags) {
    return new LogFlags(
        flags.on(AgentFlags.DEBUG) || flags.number(AgentFlags.V, 0) >= DEBUG_VERBOSITY,
        flags.text(AgentFlags.LOG).map(Path::of),
        flags.on(AgentFlags.ALSO_LOG_TO_STDERR));
  }
}
