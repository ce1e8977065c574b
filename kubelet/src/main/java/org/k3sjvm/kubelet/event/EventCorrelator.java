package org.k3sjvm.kubelet.event;

import io.fabric8.kubernetes.api.model.ObjectReference;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Makes few events of many: the same one again counts up, more than ten that differ in their words
 * become one, and an object that causes too many is cut short. One thread.
 *
 * <p>Source: client-go v0.36 tools/record/events_cache.go, EventCorrelator.
 */
final class EventCorrelator {
  private static final int SIMILAR = 10;
  private static final int LONGEST_NAME = 253; // of a DNS subdomain
  private static final Duration WINDOW = Duration.ofMinutes(10);
  private static final String COMBINED = "(combined from similar events): ";

  /** What is alike in events that become one; their words differ. */
  private record Kind(String object, PodEvent.Type type, String reason) {}

  private record Key(Kind kind, String field, String message) {}

  /** Hashes of the words used lately. */
  private record Similar(Set<Integer> words, Instant at) {}

  /**
   * What is to be written.
   *
   * @param name of the event object
   * @param count 1 for one that is new, else the object is there and this is its count from now on
   * @param first when it happened first
   */
  record Entry(String name, String message, int count, Instant first, Instant last) {}

  private final Map<Kind, Similar> similar = new Lru<>();
  private final Map<Key, Entry> written = new Lru<>();
  private final EventBudget budget = new EventBudget();
  private long sequence;

  /** What to write of an event; empty for nothing. */
  Optional<Entry> on(ObjectReference about, PodEvent event, Instant now) {
    String object =
        about.getKind() + '/' + about.getNamespace() + '/' + about.getName() + '/' + about.getUid();
    Kind kind = new Kind(object, event.type(), event.reason());
    boolean combined = combine(kind, event.message(), now);
    Key key =
        combined
            ? new Key(kind, "", COMBINED)
            : new Key(kind, String.valueOf(about.getFieldPath()), event.message());
    Entry before = written.get(key);
    Entry entry =
        new Entry(
            before == null ? name(about, now) : before.name(),
            combined ? COMBINED + event.message() : event.message(),
            before == null ? 1 : before.count() + 1,
            before == null ? now : before.first(),
            now);
    written.put(key, entry);
    return budget.take(object, now) ? Optional.of(entry) : Optional.empty();
  }

  private boolean combine(Kind kind, String message, Instant now) {
    Similar before = similar.get(kind);
    Set<Integer> words =
        before != null && Duration.between(before.at(), now).compareTo(WINDOW) <= 0
            ? before.words()
            : new LinkedHashSet<>();
    words.add(message.hashCode());
    similar.put(kind, new Similar(words, now));
    if (words.size() < SIMILAR) {
      return false;
    }
    words.remove(words.iterator().next());
    return true;
  }

  /** Source: client-go v0.36 tools/record/util, GenerateEventName. */
  private String name(ObjectReference about, Instant now) {
    long nanos = ChronoUnit.NANOS.between(Instant.EPOCH, now) + sequence++ % 1000;
    String name = about.getName() + "." + Long.toHexString(nanos);
    return name.length() <= LONGEST_NAME ? name : UUID.randomUUID().toString();
  }
}
