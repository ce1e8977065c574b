package org.k3sjvm.server.api.table;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import org.k3sjvm.server.api.tree.Trees;

/**
 * How long ago, in the two units that a person reads. Source: apimachinery duration.HumanDuration.
 */
final class Ages {
  private Ages() {}

  static String since(JsonNode tree, Instant now, String... path) {
    return Trees.instant(tree, path)
        .map(then -> human(Duration.between(then, now)))
        .orElse("<unknown>");
  }

  static String human(Duration time) {
    long seconds = time.toSeconds();
    if (seconds < -1) {
      return "<invalid>";
    }
    if (seconds < 0) {
      return "0s";
    }
    if (seconds < 120) {
      return seconds + "s";
    }
    long minutes = seconds / 60;
    if (minutes < 10) {
      return two(minutes, "m", seconds % 60, "s");
    }
    if (minutes < 180) {
      return minutes + "m";
    }
    long hours = minutes / 60;
    if (hours < 8) {
      return two(hours, "h", minutes % 60, "m");
    }
    if (hours < 48) {
      return hours + "h";
    }
    long days = hours / 24;
    if (hours < 192) {
      return two(days, "d", hours % 24, "h");
    }
    if (days < 730) {
      return days + "d";
    }
    return days < 365 * 8 ? two(days / 365, "y", days % 365, "d") : days / 365 + "y";
  }

  private static String two(long big, String bigUnit, long small, String smallUnit) {
    return small == 0 ? big + bigUnit : big + bigUnit + small + smallUnit;
  }
}
