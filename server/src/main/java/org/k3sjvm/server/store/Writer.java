package org.k3sjvm.server.store;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that writes. It takes all writes that wait, up to {@link #BATCH}, commits them
 * together and then tells each its own result. A platform thread, because a flush blocks in native
 * code.
 */
final class Writer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Writer.class);
  private static final int BATCH = 128;

  /** Writers beyond this many wait in {@link #write} until there is room. */
  private static final int WAITING = 4096;

  private final Database database;
  private final Published published;
  private final BlockingQueue<Work> queue = new LinkedBlockingQueue<>(WAITING);
  private final Thread thread;
  private long revision;
  private volatile boolean closing;

  /** Told of committed changes, in order, before their writers are. */
  interface Published {
    void accept(List<StoreEvent> events, long revision);
  }

  private sealed interface Work {
    record Write(Mutation mutation, CompletableFuture<StoredObject> done) implements Work {}

    record Compact(int keep, CompletableFuture<Boolean> done) implements Work {}

    record Stop() implements Work {}
  }

  private record Applied(Work.Write write, StoreEvent event) {}

  Writer(Database database, Published published) {
    this.database = database;
    this.published = published;
    this.revision = database.revision();
    this.thread = Thread.ofPlatform().name("store-writer").daemon(true).start(this::run);
  }

  StoredObject write(Mutation mutation) {
    CompletableFuture<StoredObject> done = new CompletableFuture<>();
    enqueue(mutation.key(), new Work.Write(mutation, done));
    return result(mutation.key(), done);
  }

  void compact(int keep) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    enqueue("", new Work.Compact(keep, done));
    boolean _ = result("", done);
  }

  private void enqueue(String key, Work work) {
    if (closing) {
      throw new StoreException.Unavailable(key, "the datastore is closed");
    }
    try {
      queue.put(work);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException.Unavailable(key, "interrupted before the write", e);
    }
  }

  private static <T> T result(String key, CompletableFuture<T> done) {
    try {
      return done.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException.Unavailable(key, "interrupted; the write may have happened", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        cause.addSuppressed(e);
        throw cause;
      }
      throw new StoreException.Unavailable(key, "the write failed", e);
    }
  }

  private void run() {
    List<Work> batch = new ArrayList<>(BATCH);
    boolean running = true;
    while (running) {
      try {
        batch.add(queue.take());
        queue.drainTo(batch, BATCH - 1);
        running = carryOut(batch);
      } catch (InterruptedException e) {
        running = false;
      }
      batch.clear();
    }
    queue.drainTo(batch);
    for (Work work : batch) {
      failed(work, new StoreException.Unavailable("", "the datastore is closed"));
    }
  }

  private boolean carryOut(List<Work> batch) {
    List<Applied> applied = new ArrayList<>(batch.size());
    long before = revision;
    boolean goOn = true;
    try {
      for (Work work : batch) {
        switch (work) {
          case Work.Write write -> apply(write).ifPresent(applied::add);
          case Work.Compact(int keep, var _) -> database.trim(revision - Math.max(1, keep));
          case Work.Stop() -> goOn = false;
        }
      }
      database.commit();
    } catch (SQLException e) {
      revision = before;
      refuse(batch, e);
      return goOn;
    }
    if (!applied.isEmpty()) {
      published.accept(applied.stream().map(Applied::event).toList(), revision);
    }
    for (Applied one : applied) {
      one.write().done().complete(one.event().object());
    }
    for (Work work : batch) {
      if (work instanceof Work.Compact(int _, var done)) {
        done.complete(true);
      }
    }
    return goOn;
  }

  /** Applies inside the transaction; a refused write fails at once and changes nothing. */
  private Optional<Applied> apply(Work.Write write) throws SQLException {
    Mutation mutation = write.mutation();
    String key = mutation.key();
    Optional<StoredObject> now = database.get(key);
    Optional<StoreException> refusal = refusal(mutation, now);
    if (refusal.isPresent()) {
      write.done().completeExceptionally(refusal.get());
      return Optional.empty();
    }
    StoredObject object;
    try {
      object = new StoredObject(key, revision + 1, mutation.value().apply(revision + 1));
    } catch (RuntimeException e) {
      write.done().completeExceptionally(e);
      return Optional.empty();
    }
    StoreEvent.Type type =
        switch (mutation) {
          case Mutation.Create _ -> StoreEvent.Type.CREATED;
          case Mutation.Update _ -> StoreEvent.Type.CHANGED;
          case Mutation.Delete _ -> StoreEvent.Type.DELETED;
        };
    if (type == StoreEvent.Type.DELETED) {
      database.remove(key);
    } else {
      database.put(object);
    }
    database.append(type, object);
    revision++;
    return Optional.of(
        new Applied(write, new StoreEvent(type, object, now.map(StoredObject::value))));
  }

  private static Optional<StoreException> refusal(Mutation mutation, Optional<StoredObject> now) {
    return switch (mutation) {
      case Mutation.Create create -> now.map(_ -> new StoreException.Exists(create.key()));
      case Mutation.Update(String key, long expected, var _) -> stale(key, expected, now);
      case Mutation.Delete(String key, long expected, var _) -> stale(key, expected, now);
    };
  }

  private static Optional<StoreException> stale(
      String key, long expected, Optional<StoredObject> now) {
    if (now.isEmpty()) {
      return Optional.of(new StoreException.Missing(key));
    }
    long actual = now.get().revision();
    return actual == expected
        ? Optional.empty()
        : Optional.of(new StoreException.Conflict(key, expected, actual));
  }

  private void refuse(List<Work> batch, SQLException cause) {
    log.atError().setCause(cause).addKeyValue("writes", batch.size()).log("datastore write failed");
    try {
      database.rollback();
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
    for (Work work : batch) {
      failed(
          work,
          new StoreException.Unavailable(
              "", "the datastore refused the write: " + cause.getMessage(), cause));
    }
  }

  private static void failed(Work work, StoreException e) {
    switch (work) {
      case Work.Write(var _, var done) -> done.completeExceptionally(e);
      case Work.Compact(var _, var done) -> done.completeExceptionally(e);
      case Work.Stop() -> {}
    }
  }

  /** Carries out what waits, then closes the database. */
  @Override
  public void close() {
    closing = true;
    boolean interrupted = false;
    try {
      queue.put(new Work.Stop());
    } catch (InterruptedException e) {
      interrupted = true;
      thread.interrupt();
    }
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    database.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
