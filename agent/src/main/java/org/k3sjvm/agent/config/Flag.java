package org.k3sjvm.agent.config;

import java.util.List;
import java.util.Optional;

/**
 * One flag of a subcommand.
 *
 * @param name without dashes
 * @param aliases without dashes; one dash or two are the same to the parser
 * @param type what its values look like
 * @param env the environment variable that stands in for it
 * @param help one line; empty for a flag that the help text leaves out
 */
public record Flag(
    String name, List<String> aliases, Type type, Optional<String> env, String help) {
  /** The shapes of values; a list takes one value per occurrence and never splits at commas. */
  public enum Type {
    STRING,
    BOOL,
    INT,
    LIST
  }

  public Flag {
    aliases = List.copyOf(aliases);
  }

  /** A flag without aliases and variable. */
  public static Flag of(Type type, String name, String help) {
    return new Flag(name, List.of(), type, Optional.empty(), help);
  }

  /** The same, also read from an environment variable. */
  public Flag env(String variable) {
    return new Flag(name, aliases, type, Optional.of(variable), help);
  }

  /** The same with a second name. */
  public Flag alias(String other) {
    return new Flag(name, List.of(other), type, env, help);
  }
}
