package org.k3sjvm.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.server.store.StoreWatch.Next;

class ObjectStoreTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir Path directory;
  ObjectStore store;

  @BeforeEach
  void open() {
    store = ObjectStore.open(directory.resolve("state.db"));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static LongFunction<byte[]> text(String value) {
    return _ -> value.getBytes(StandardCharsets.UTF_8);
  }

  private StoredObject create(String key, String value) {
    return store.write(new Mutation.Create(key, text(value)));
  }

  private static String text(StoredObject object) {
    return new String(object.value(), StandardCharsets.UTF_8);
  }

  private static StoreEvent event(StoreWatch watch) throws InterruptedException {
    return ((Next.Event) watch.take(SOON)).event();
  }

  @Test
  void aWriteIsReadBackUnderARevisionOfItsOwn() {
    StoredObject first = create("core/pods/a/x", "one");
    StoredObject second = create("core/pods/a/y", "two");

    assertThat(second.revision()).isGreaterThan(first.revision());
    assertThat(store.get("core/pods/a/x").map(ObjectStoreTest::text)).contains("one");
    assertThat(store.list("core/pods/", "", 0).revision()).isEqualTo(second.revision());
  }

  @Test
  void aStaleOrSecondWriteIsRefusedAndChangesNothing() {
    StoredObject first = create("k/x", "one");
    StoredObject second = store.write(new Mutation.Update("k/x", first.revision(), text("two")));

    assertThatThrownBy(() -> create("k/x", "three")).isInstanceOf(StoreException.Exists.class);
    assertThatThrownBy(
            () -> store.write(new Mutation.Update("k/x", first.revision(), text("three"))))
        .isInstanceOf(StoreException.Conflict.class);
    assertThatThrownBy(() -> store.write(new Mutation.Delete("k/none", 1, text(""))))
        .isInstanceOf(StoreException.Missing.class);
    assertThat(store.get("k/x").map(ObjectStoreTest::text)).contains("two");
    assertThat(store.revision()).isEqualTo(second.revision());
  }

  @Test
  void aListIsCutAtTheLimitAndGoesOnAfterAKey() {
    for (String name : List.of("a", "b", "c")) {
      create("k/" + name, name);
    }
    create("kk/other", "no");

    Snapshot first = store.list("k/", "", 2);
    Snapshot rest = store.list("k/", first.objects().getLast().key(), 2);

    assertThat(first.more()).isTrue();
    assertThat(first.objects()).extracting(StoredObject::key).containsExactly("k/a", "k/b");
    assertThat(rest.more()).isFalse();
    assertThat(rest.objects()).extracting(StoredObject::key).containsExactly("k/c");
  }

  @Test
  void aWholeKeyIsAPrefixToo() {
    create("k/a", "a");
    create("k/ab", "ab");

    assertThat(store.list("k/ab", "", 0).objects())
        .extracting(StoredObject::key)
        .containsExactly("k/ab");
  }

  @Test
  void aWatchTellsHistoryThenLiveChangesInOrder() throws InterruptedException {
    StoredObject made = create("k/x", "one");
    create("other/x", "no");
    StoredObject changed = store.write(new Mutation.Update("k/x", made.revision(), text("two")));

    try (StoreWatch watch = store.watch("k/", made.revision())) {
      store.write(new Mutation.Delete("k/x", changed.revision(), text("two")));

      StoreEvent first = event(watch);
      StoreEvent second = event(watch);
      assertThat(first.type()).isEqualTo(StoreEvent.Type.CHANGED);
      assertThat(first.before().map(b -> new String(b, StandardCharsets.UTF_8))).contains("one");
      assertThat(second.type()).isEqualTo(StoreEvent.Type.DELETED);
      assertThat(watch.take(Duration.ZERO)).isEqualTo(new Next.Quiet(store.revision()));
    }
  }

  @Test
  void aWatchFromForgottenHistoryIsRefused() {
    StoredObject made = create("k/x", "one");
    create("k/y", "one");
    create("k/z", "one");
    store.compact(1);

    assertThatThrownBy(() -> store.watch("k/", made.revision()))
        .isInstanceOf(StoreException.Compacted.class);
    assertThat(store.get("k/x")).isPresent();
  }

  @Test
  void aSlowWatcherIsCutAfterWhatWasQueued() throws InterruptedException {
    try (StoreWatch watch = store.watch("k/", store.revision())) {
      List<Thread> writers = new ArrayList<>();
      for (int w = 0; w < 8; w++) {
        int writer = w;
        writers.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      for (int i = 0; i < StoreWatch.BOUND / 8 + 1; i++) {
                        create("k/" + writer + "-" + i, "v");
                      }
                    }));
      }
      for (Thread writer : writers) {
        writer.join();
      }
      int events = 0;
      Next next = watch.take(SOON);
      while (next instanceof Next.Event) {
        events++;
        next = watch.take(SOON);
      }
      assertThat(events).isEqualTo(StoreWatch.BOUND);
      assertThat(next).isInstanceOf(Next.Cut.class);
    }
  }

  @Test
  void revisionsGoOnAfterReopening() {
    StoredObject made = create("k/x", "one");
    store.write(new Mutation.Delete("k/x", made.revision(), text("one")));
    store.compact(0);
    long before = store.revision();
    store.close();
    open();

    assertThat(store.revision()).isEqualTo(before);
    assertThat(create("k/y", "two").revision()).isGreaterThan(before);
  }

  @Test
  void everyAcknowledgedWriteSurvivesKill() throws Exception {
    Path file = directory.resolve("killed.db");
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                AcknowledgingWriter.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<String> acknowledged = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      while (acknowledged.size() < 500) {
        String line = lines.readLine();
        assertThat(line).isNotNull();
        acknowledged.add(line);
      }
      assertThat(child.toHandle().destroyForcibly()).isTrue();
      lines.lines().filter(line -> line.endsWith(".")).forEach(acknowledged::add);
    } finally {
      child.destroyForcibly();
      assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    try (ObjectStore after = ObjectStore.open(file)) {
      for (String line : acknowledged) {
        String[] parts = line.substring(0, line.length() - 1).split(" ", 2);
        assertThat(after.get(parts[0]).map(StoredObject::revision))
            .as(parts[0])
            .contains(Long.parseLong(parts[1]));
      }
    }
  }
}
