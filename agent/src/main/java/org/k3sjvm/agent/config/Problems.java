package org.k3sjvm.agent.config;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Collects what is wrong, so that a user sees all of it at once. */
final class Problems {
  private final List<String> messages = new ArrayList<>();

  void add(String message) {
    messages.add(message);
  }

  /** The value, or the stand-in after noting why there is none. */
  <T> T collect(T standIn, Supplier<T> value) {
    try {
      return value.get();
    } catch (UsageException e) {
      messages.add(String.valueOf(e.getMessage()));
      return standIn;
    }
  }

  void throwAny() {
    if (!messages.isEmpty()) {
      throw new UsageException(String.join("; ", messages));
    }
  }
}
