package org.k3sjvm.server.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The cluster's objects: one SQLite file, one writer thread, a few readers.
 *
 * <p>Every write has a revision of its own, and revisions only grow. A write that returned is on
 * disk: the log is flushed at each commit, and writes that wait together share one commit. A read
 * sees all writes that returned before it began. Any thread may call any method; all may block for
 * the disk.
 */
public final class ObjectStore implements AutoCloseable {
  /** How long a watch may wait for a revision that a reader saw a moment before it is published. */
  private static final Duration PUBLISH_WAIT = Duration.ofSeconds(3);

  private final Readers readers;
  private final Writer writer;
  private final CopyOnWriteArrayList<StoreWatch> watches = new CopyOnWriteArrayList<>();

  /** Orders publishing against subscribing. */
  private final ReentrantLock publishLock = new ReentrantLock();

  private final Condition publishedMore = publishLock.newCondition();

  @GuardedBy("publishLock")
  private long published;

  private ObjectStore(Readers readers, Database database) {
    this.readers = readers;
    this.published = database.revision();
    this.writer = new Writer(database, this::publish);
  }

  /**
   * Opens the file, making it when there is none; the directory must exist.
   *
   * @throws StoreException.Unavailable when it cannot be opened or is no database
   */
  public static ObjectStore open(Path file) {
    Database database = Database.open(file);
    try {
      return new ObjectStore(new Readers(file), database);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  public Optional<StoredObject> get(String key) {
    return readers.get(key);
  }

  /**
   * Lists what is below a prefix, ordered by key.
   *
   * @param after only keys after this one; empty for all
   * @param limit at most so many; 0 for all
   */
  public Snapshot list(String prefix, String after, int limit) {
    return readers.list(prefix, after, limit);
  }

  /** Counts the keys below a prefix. */
  public long count(String prefix) {
    return readers.count(prefix);
  }

  /**
   * Writes; returns once the write is on disk and watchers have been told.
   *
   * @throws StoreException when it was refused; nothing changed then
   */
  public StoredObject write(Mutation mutation) {
    return writer.write(mutation);
  }

  /** The newest revision that watchers have been told of. */
  public long revision() {
    publishLock.lock();
    try {
      return published;
    } finally {
      publishLock.unlock();
    }
  }

  /**
   * Watches what is below a prefix.
   *
   * @param since only changes after this revision
   * @throws StoreException.Compacted when that history is gone, or the revision is not ours
   */
  public StoreWatch watch(String prefix, long since) throws InterruptedException {
    StoreWatch watch;
    publishLock.lockInterruptibly();
    try {
      long nanos = PUBLISH_WAIT.toNanos();
      while (published < since && nanos > 0) {
        nanos = publishedMore.awaitNanos(nanos);
      }
      if (published < since) {
        throw new StoreException.Compacted(prefix, since, published);
      }
      watch = new StoreWatch(this, prefix, since, published);
      watches.add(watch);
    } finally {
      publishLock.unlock();
    }
    long oldest = readers.compacted();
    if (since < oldest) {
      watch.close();
      throw new StoreException.Compacted(prefix, since, oldest);
    }
    return watch;
  }

  /** Forgets history, keeping the newest so many changes, at least one. */
  public void compact(int keep) {
    writer.compact(keep);
  }

  /** Reads a page of history; returns the revision it reached. */
  long history(String prefix, long after, long until, int limit, Deque<StoreEvent> into) {
    return readers.history(prefix, after, until, limit, into);
  }

  void forget(StoreWatch watch) {
    watches.remove(watch);
  }

  /** Finishes waiting writes, ends the watches, closes the file. */
  @Override
  public void close() {
    writer.close();
    List<StoreWatch> ending = new ArrayList<>(watches);
    watches.clear();
    ending.forEach(StoreWatch::end);
    readers.close();
  }

  private void publish(List<StoreEvent> events, long revision) {
    publishLock.lock();
    try {
      published = revision;
      for (StoreWatch watch : watches) {
        watch.offer(events, revision);
      }
      publishedMore.signalAll();
    } finally {
      publishLock.unlock();
    }
  }
}
