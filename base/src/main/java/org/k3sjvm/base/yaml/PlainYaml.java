package org.k3sjvm.base.yaml;

import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads YAML as maps, lists and scalars that can be walked through without care: none is a part of
 * itself, none is nested deeper than {@link #MOST_LEVELS}, and aliases do not make more of a text
 * than could be written in its length (a few lines of them would fill any memory).
 */
public final class PlainYaml {
  /** Kubernetes objects have about fifteen levels. */
  static final int MOST_LEVELS = 60;

  private static final int MOST_CHARACTERS = 3 << 20;

  private PlainYaml() {}

  /**
   * The one document of a text, at most 3 MiB; of keys that come twice the last one counts.
   *
   * @return null when the document is empty
   * @throws YAMLException when it is not YAML, or not plain
   */
  public static @Nullable Object load(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(MOST_CHARACTERS);
    options.setWarnOnDuplicateKeys(false); // it would write past our log
    return load(text, options, false);
  }

  /**
   * The first document of a text; a key that comes twice is a fault.
   *
   * @param mostCharacters of the text
   * @return null when there is no document, or an empty one
   * @throws YAMLException when it is not YAML, or not plain
   */
  public static @Nullable Object first(String text, int mostCharacters) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(mostCharacters);
    options.setAllowDuplicateKeys(false);
    return load(text, options, true);
  }

  private static @Nullable Object load(String text, LoaderOptions options, boolean firstOnly) {
    Yaml yaml = new Yaml(new SafeConstructor(options));
    try {
      @Nullable Object document;
      if (firstOnly) {
        Iterator<Object> documents = yaml.loadAll(text).iterator();
        document = documents.hasNext() ? documents.next() : null;
      } else {
        document = yaml.load(text);
      }
      long _ = count(document, text.length() + 1L, 0);
      return document;
    } catch (YAMLException e) {
      throw e;
    } catch (RuntimeException e) { // of a tag that its value does not fit, such as !!int x
      throw new YAMLException("a value does not fit its type: " + e.getMessage(), e);
    }
  }

  /** What is left of the allowance behind a value. */
  private static long count(@Nullable Object value, long allowance, int level) {
    if (level > MOST_LEVELS) {
      throw new YAMLException("a value is a part of itself, or nested too deeply");
    }
    long left = allowance - 1;
    if (left < 0) {
      throw new YAMLException("its aliases make it larger than its text");
    }
    if (value instanceof Map<?, ?> map) {
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        left = count(entry.getValue(), count(entry.getKey(), left, level + 1), level + 1);
      }
    } else if (value instanceof Iterable<?> values) {
      for (Object one : values) {
        left = count(one, left, level + 1);
      }
    }
    return left;
  }
}
