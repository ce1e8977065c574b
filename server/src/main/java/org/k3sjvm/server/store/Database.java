package org.k3sjvm.server.store;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.sqlite.SQLiteConfig;

/**
 * The writer's connection and the layout of the file. {@code object} holds what is, {@code log}
 * what happened. {@code log} always keeps its newest row, which is the revision of the store.
 */
final class Database implements AutoCloseable {
  private static final int CACHE_KIB = 1024;

  private final Connection connection;
  private final PreparedStatement select;
  private final PreparedStatement put;
  private final PreparedStatement remove;
  private final PreparedStatement append;
  private final PreparedStatement trim;

  private Database(Connection connection) throws SQLException {
    this.connection = connection;
    this.select = connection.prepareStatement("SELECT rv, value FROM object WHERE key = ?");
    this.put =
        connection.prepareStatement("INSERT OR REPLACE INTO object(key, rv, value) VALUES(?,?,?)");
    this.remove = connection.prepareStatement("DELETE FROM object WHERE key = ?");
    this.append =
        connection.prepareStatement("INSERT INTO log(rv, type, key, value) VALUES(?,?,?,?)");
    this.trim = connection.prepareStatement("DELETE FROM log WHERE rv <= ?");
  }

  static Database open(Path file) {
    try {
      Connection connection = connect(file, false);
      try (Statement statement = connection.createStatement()) {
        statement.executeUpdate(
            "CREATE TABLE IF NOT EXISTS object("
                + "key TEXT PRIMARY KEY NOT NULL, rv INTEGER NOT NULL, value BLOB NOT NULL)");
        statement.executeUpdate(
            "CREATE TABLE IF NOT EXISTS log(rv INTEGER PRIMARY KEY NOT NULL,"
                + " type INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL)");
        statement.executeUpdate("CREATE INDEX IF NOT EXISTS log_key ON log(key, rv)");
        statement.executeUpdate(
            "INSERT INTO log(rv, type, key, value) SELECT 1, 0, '', x''"
                + " WHERE NOT EXISTS (SELECT 1 FROM log)");
        connection.setAutoCommit(false);
        return new Database(connection);
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException e) {
      throw new StoreException.Unavailable(
          file.toString(),
          "cannot open the datastore " + file + ": " + e.getMessage() + "; check the disk",
          e);
    }
  }

  static Connection connect(Path file, boolean readOnly) throws SQLException {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setTempStore(SQLiteConfig.TempStore.MEMORY);
    config.setCacheSize(-CACHE_KIB);
    config.setBusyTimeout(10_000);
    config.setReadOnly(readOnly);
    return config.createConnection("jdbc:sqlite:" + file);
  }

  long revision() {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT max(rv) FROM log")) {
      long revision = rows.next() ? rows.getLong(1) : 1;
      connection.rollback();
      return revision;
    } catch (SQLException e) {
      throw new StoreException.Unavailable("", "cannot read the revision: " + e.getMessage(), e);
    }
  }

  Optional<StoredObject> get(String key) throws SQLException {
    select.setString(1, key);
    try (ResultSet rows = select.executeQuery()) {
      return rows.next()
          ? Optional.of(new StoredObject(key, rows.getLong(1), rows.getBytes(2)))
          : Optional.empty();
    }
  }

  void put(StoredObject object) throws SQLException {
    put.setString(1, object.key());
    put.setLong(2, object.revision());
    put.setBytes(3, object.value());
    put.executeUpdate();
  }

  void remove(String key) throws SQLException {
    remove.setString(1, key);
    remove.executeUpdate();
  }

  void append(StoreEvent.Type type, StoredObject object) throws SQLException {
    append.setLong(1, object.revision());
    append.setInt(2, type.code());
    append.setString(3, object.key());
    append.setBytes(4, object.value());
    append.executeUpdate();
  }

  void trim(long upTo) throws SQLException {
    trim.setLong(1, upTo);
    trim.executeUpdate();
  }

  void commit() throws SQLException {
    connection.commit();
  }

  void rollback() throws SQLException {
    connection.rollback();
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw new StoreException.Unavailable("", "cannot close the datastore: " + e.getMessage(), e);
    }
  }
}
