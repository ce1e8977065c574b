package org.k3sjvm.server.store;

/** Why the store refused; the key says for which object. */
public abstract sealed class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final String key;

  private StoreException(String key, String message, Throwable cause) {
    super(message, cause);
    this.key = key;
  }

  private StoreException(String key, String message) {
    super(message);
    this.key = key;
  }

  public String key() {
    return key;
  }

  /** The object is there already. */
  public static final class Exists extends StoreException {
    private static final long serialVersionUID = 1L;

    public Exists(String key) {
      super(key, key + " exists already");
    }
  }

  /** The object is not there. */
  public static final class Missing extends StoreException {
    private static final long serialVersionUID = 1L;

    public Missing(String key) {
      super(key, key + " does not exist");
    }
  }

  /** Somebody else changed the object since it was read. */
  public static final class Conflict extends StoreException {
    private static final long serialVersionUID = 1L;

    public Conflict(String key, long expected, long actual) {
      super(key, key + " is at revision " + actual + ", not " + expected);
    }
  }

  /** History before a revision is gone: list again. */
  public static final class Compacted extends StoreException {
    private static final long serialVersionUID = 1L;

    public Compacted(String prefix, long asked, long oldest) {
      super(prefix, "too old resource version: " + asked + " (" + oldest + ")");
    }
  }

  /** The disk or the database failed; nothing of the write was kept. */
  public static final class Unavailable extends StoreException {
    private static final long serialVersionUID = 1L;

    public Unavailable(String key, String message, Throwable cause) {
      super(key, message, cause);
    }

    public Unavailable(String key, String message) {
      super(key, message);
    }
  }
}
