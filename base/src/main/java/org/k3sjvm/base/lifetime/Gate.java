package org.k3sjvm.base.lifetime;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Something that becomes true once, with the value that it brings: {@code CriReady}, {@code
 * NodeRegistered}. One opens it, any number wait. Thread-safe.
 */
public final class Gate<T> {
  private final String name;
  private final CompletableFuture<T> value = new CompletableFuture<>();

  public Gate(String name) {
    this.name = name;
  }

  /** Opens the gate; a second call changes nothing. */
  public void open(T result) {
    value.complete(result);
  }

  public boolean isOpen() {
    return value.isDone();
  }

  /** The value, when the gate is open by now. */
  public Optional<T> peek() {
    return Optional.ofNullable(value.getNow(null));
  }

  /** Blocks until the gate opens. */
  public T await() throws InterruptedException {
    try {
      return value.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("gate " + name + " was failed", e);
    }
  }

  /**
   * Blocks until the gate opens, at most for a time.
   *
   * @return empty when the time is over
   */
  public Optional<T> await(Duration limit) throws InterruptedException {
    try {
      return Optional.of(value.get(limit.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException("gate " + name + " was failed", e);
    }
  }

  @Override
  public String toString() {
    return "Gate[" + name + (isOpen() ? ", open]" : ", closed]");
  }
}
