package org.k3sjvm.server.store;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/** Reading connections, each used by one thread at a time; each read is one snapshot. */
final class Readers implements AutoCloseable {
  private static final int CONNECTIONS = 2;

  /** Above any key: keys are ASCII. */
  private static final char PAST_ANY = '\uffff';

  /** Makes the smallest key that comes after another. */
  private static final char JUST_AFTER = '\u0001';

  private final BlockingQueue<Reader> idle = new ArrayBlockingQueue<>(CONNECTIONS);

  /** One connection with its statements. */
  private record Reader(
      Connection connection,
      PreparedStatement get,
      PreparedStatement list,
      PreparedStatement count,
      PreparedStatement newest,
      PreparedStatement oldest,
      PreparedStatement history,
      PreparedStatement previous) {}

  private interface Query<T> {
    T run(Reader reader) throws SQLException;
  }

  Readers(Path file) {
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        idle.add(reader(Database.connect(file, true)));
      }
    } catch (SQLException e) {
      close();
      throw new StoreException.Unavailable(
          file.toString(), "cannot read the datastore: " + e.getMessage(), e);
    }
  }

  private static Reader reader(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    return new Reader(
        connection,
        connection.prepareStatement("SELECT rv, value FROM object WHERE key = ?"),
        connection.prepareStatement(
            "SELECT key, rv, value FROM object WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"),
        connection.prepareStatement("SELECT count(*) FROM object WHERE key > ? AND key < ?"),
        connection.prepareStatement("SELECT max(rv) FROM log"),
        connection.prepareStatement("SELECT min(rv) FROM log"),
        connection.prepareStatement(
            "SELECT rv, type, key, value FROM log WHERE rv > ? AND rv <= ? ORDER BY rv LIMIT ?"),
        connection.prepareStatement(
            "SELECT value FROM log WHERE key = ? AND rv < ? ORDER BY rv DESC LIMIT 1"));
  }

  Optional<StoredObject> get(String key) {
    return with(
        key,
        reader -> {
          reader.get().setString(1, key);
          try (ResultSet rows = reader.get().executeQuery()) {
            return rows.next()
                ? Optional.of(new StoredObject(key, rows.getLong(1), rows.getBytes(2)))
                : Optional.empty();
          }
        });
  }

  Snapshot list(String prefix, String after, int limit) {
    return with(
        prefix,
        reader -> {
          long revision = number(reader.newest());
          PreparedStatement list = reader.list();
          list.setString(1, after.isEmpty() ? prefix : after + JUST_AFTER);
          list.setString(2, prefix + PAST_ANY);
          list.setLong(3, limit == 0 ? -1 : limit + 1L);
          List<StoredObject> objects = new ArrayList<>();
          try (ResultSet rows = list.executeQuery()) {
            while (rows.next()) {
              if (limit > 0 && objects.size() == limit) {
                return new Snapshot(revision, objects, true);
              }
              objects.add(new StoredObject(rows.getString(1), rows.getLong(2), rows.getBytes(3)));
            }
          }
          return new Snapshot(revision, objects, false);
        });
  }

  long count(String prefix) {
    return with(
        prefix,
        reader -> {
          reader.count().setString(1, prefix);
          reader.count().setString(2, prefix + PAST_ANY);
          return number(reader.count());
        });
  }

  /** The oldest revision after which history is whole. */
  long compacted() {
    return with("", reader -> number(reader.oldest()) - 1);
  }

  long history(String prefix, long after, long until, int limit, Deque<StoreEvent> into) {
    return with(
        prefix,
        reader -> {
          long oldest = number(reader.oldest()) - 1;
          if (after < oldest) {
            throw new StoreException.Compacted(prefix, after, oldest);
          }
          PreparedStatement history = reader.history();
          history.setLong(1, after);
          history.setLong(2, until);
          history.setInt(3, limit);
          long reached = after;
          int count = 0;
          try (ResultSet rows = history.executeQuery()) {
            while (rows.next()) {
              count++;
              reached = rows.getLong(1);
              String key = rows.getString(3);
              if (key.startsWith(prefix)) {
                StoreEvent.Type type = StoreEvent.Type.of(rows.getInt(2));
                into.addLast(
                    new StoreEvent(
                        type,
                        new StoredObject(key, reached, rows.getBytes(4)),
                        type == StoreEvent.Type.CREATED
                            ? Optional.empty()
                            : previous(reader, key, reached)));
              }
            }
          }
          return count < limit ? until : reached;
        });
  }

  private static Optional<byte[]> previous(Reader reader, String key, long revision)
      throws SQLException {
    reader.previous().setString(1, key);
    reader.previous().setLong(2, revision);
    try (ResultSet rows = reader.previous().executeQuery()) {
      return rows.next() ? Optional.of(rows.getBytes(1)) : Optional.empty();
    }
  }

  private static long number(PreparedStatement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery()) {
      return rows.next() ? rows.getLong(1) : 0;
    }
  }

  private <T> T with(String key, Query<T> query) {
    Reader reader = borrow(key);
    try {
      try {
        return query.run(reader);
      } finally {
        reader.connection().rollback();
      }
    } catch (SQLException e) {
      throw new StoreException.Unavailable(key, "cannot read the datastore: " + e.getMessage(), e);
    } finally {
      idle.add(reader);
    }
  }

  private Reader borrow(String key) {
    try {
      return idle.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException.Unavailable(key, "interrupted while waiting for a reader", e);
    }
  }

  @Override
  public void close() {
    for (Reader reader = idle.poll(); reader != null; reader = idle.poll()) {
      try {
        reader.connection().close();
      } catch (SQLException e) {
        throw new StoreException.Unavailable("", "cannot close a reader: " + e.getMessage(), e);
      }
    }
  }
}
