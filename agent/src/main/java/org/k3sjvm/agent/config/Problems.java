package org.k3sjvm.agent.config;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
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

  /** Why a file cannot be read; Java says no more than its name where there is none. */
  static String reason(IOException e) {
    return e instanceof NoSuchFileException
        ? "there is no such file"
        : String.valueOf(e.getMessage());
  }

  void throwAny() {
    if (!messages.isEmpty()) {
      throw new UsageException(String.join("; ", messages));
    }
  }
}
