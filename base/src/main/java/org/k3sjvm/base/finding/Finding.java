package org.k3sjvm.base.finding;

import java.util.Locale;

/**
 * Something that is not as it should be.
 *
 * @param id stays the same between releases, such as {@code cgroup-memory}
 * @param message what is wrong
 * @param cause how that was seen, or why it is so
 * @param repair a command or setting
 */
public record Finding(String id, Severity severity, String message, String cause, String repair) {
  /** How much it matters. */
  public enum Severity {
    /** An agent cannot work so. */
    ERROR,
    /** An agent works, with a part missing or at risk. */
    WARNING,
    /** Worth knowing. */
    NOTE;

    /** As people type it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public static Finding error(String id, String message, String cause, String repair) {
    return new Finding(id, Severity.ERROR, message, cause, repair);
  }

  public static Finding warning(String id, String message, String cause, String repair) {
    return new Finding(id, Severity.WARNING, message, cause, repair);
  }

  public static Finding note(String id, String message, String cause, String repair) {
    return new Finding(id, Severity.NOTE, message, cause, repair);
  }

  public boolean hinders() {
    return severity == Severity.ERROR;
  }

  /** For people, on lines of their own. */
  public String text() {
    return "%s %s: %s%n  cause:  %s%n  repair: %s%n"
        .formatted(severity.text(), id, message, cause, repair);
  }
}
