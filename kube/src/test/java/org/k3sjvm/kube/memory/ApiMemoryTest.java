package org.k3sjvm.kube.memory;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Seal;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.ObjectName;

@Timeout(30)
class ApiMemoryTest {
  private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2001-01-01T00:00:00Z"));
  private static final Key WEB = key("pods", "web");
  private static final Key DB = key("pods", "db");
  private static final Key CERTIFICATE = key("secrets", "certificate");

  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final Seal seal = seal("key of this host");

  @TempDir Path parent;

  @Test
  void whatWasKeptIsThereAfterItIsOpenedAgain() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "{\"pod\":\"web\"}");
    keep(memory, DB, "7", "{\"pod\":\n\t\"db\"}\n");
    memory.writeChanges();

    ApiMemory after = open();

    assertThat(after.recall(WEB)).contains("{\"pod\":\"web\"}");
    assertThat(after.recall(DB)).contains("{\"pod\":\n\t\"db\"}\n");
    assertThat(after.fingerprint(DB)).contains("7");
    assertThat(after.recall(CERTIFICATE)).isEmpty();
  }

  @Test
  void aKindIsRecalledInOrderOfName() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    keep(memory, key("pods", "cache"), "1", "cache");
    memory.writeChanges();
    keep(memory, DB, "1", "db");
    keep(memory, CERTIFICATE, "1", "certificate");

    assertThat(memory.recallAll("pods")).containsExactly("cache", "db", "web");
    assertThat(memory.recallAll("nodes")).isEmpty();
  }

  @Test
  void whatHasMoreToItsNameIsKeptApart() throws IOException {
    ApiMemory memory = open();
    Key one = new Key(Key.TOKENS, new ObjectName("default", "web"), "uid1 [\"api\"] 3600");
    Key two = new Key(Key.TOKENS, new ObjectName("default", "web"), "uid1 [\"vault\"] 3600");
    keep(memory, one, "1", "one");
    keep(memory, two, "1", "two");
    memory.writeChanges();

    assertThat(open().recall(one)).contains("one");
    assertThat(open().recall(two)).contains("two");
  }

  @Test
  void nothingOnDiskTellsWhatItIs() throws IOException {
    ApiMemory memory = open();
    keep(memory, CERTIFICATE, "fingerprint-4711", "{\"data\":\"geheim\"}");
    memory.writeChanges();

    for (Path file : files()) {
      String all = file.getFileName() + "\n" + new String(Files.readAllBytes(file), UTF_8);
      assertThat(all)
          .doesNotContainIgnoringCase("certificate")
          .doesNotContainIgnoringCase("secrets")
          .doesNotContainIgnoringCase("default")
          .doesNotContainIgnoringCase("4711")
          .doesNotContainIgnoringCase("geheim");
    }
  }

  @Test
  void onlyTheOwnerMayLook() throws IOException {
    Files.createDirectories(directory());
    Files.setPosixFilePermissions(directory(), PosixFilePermissions.fromString("rwxrwxrwx"));
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    memory.writeChanges();

    assertThat(mode(directory())).isEqualTo("rwx------");
    assertThat(files())
        .singleElement()
        .satisfies(file -> assertThat(mode(file)).isEqualTo("rw-------"));
  }

  @Test
  void theSameFingerprintIsNotWrittenTwice() throws IOException {
    ApiMemory memory = open();
    AtomicInteger asked = new AtomicInteger();
    keep(memory, WEB, "1", "old");
    memory.writeChanges();
    Path file = files().getFirst();
    Files.setLastModifiedTime(file, LONG_AGO);

    memory.keep(WEB, "1", () -> "asked for " + asked.incrementAndGet());
    memory.writeChanges();
    ApiMemory after = open();
    after.keep(WEB, "1", () -> "asked for " + asked.incrementAndGet());
    after.writeChanges();

    assertThat(asked).hasValue(0);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(LONG_AGO);
    assertThat(after.recall(WEB)).contains("old");
  }

  @Test
  void anotherFingerprintReplacesIt() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "old");
    memory.writeChanges();
    keep(memory, WEB, "2", "new");
    memory.writeChanges();

    assertThat(open().recall(WEB)).contains("new");
    assertThat(files()).hasSize(1);
  }

  @Test
  void aRecallSeesWhatIsNotWrittenYet() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "one");
    assertThat(memory.recall(WEB)).contains("one");
    assertThat(memory.recallAll("pods")).containsExactly("one");
    assertThat(files()).isEmpty();
    memory.writeChanges();

    keep(memory, WEB, "2", "two");
    assertThat(memory.recall(WEB)).contains("two");
    memory.forget(WEB);
    assertThat(memory.recall(WEB)).isEmpty();
    assertThat(memory.recallAll("pods")).isEmpty();
    keep(memory, WEB, "2", "three");
    assertThat(memory.recall(WEB)).contains("three");
    memory.writeChanges();
    assertThat(open().recall(WEB)).contains("three");
  }

  @Test
  void whatIsForgottenIsGoneFromTheDisk() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    keep(memory, DB, "1", "db");
    memory.writeChanges();

    memory.forget(WEB);
    memory.forget(CERTIFICATE);
    memory.writeChanges();

    assertThat(memory.recall(WEB)).isEmpty();
    assertThat(memory.fingerprint(WEB)).isEmpty();
    assertThat(files()).hasSize(1);
    assertThat(open().recallAll("pods")).containsExactly("db");
  }

  @Test
  void onlyWhatIsWantedIsRetained() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    keep(memory, CERTIFICATE, "1", "certificate");
    memory.writeChanges();
    keep(memory, DB, "1", "db");

    memory.retain(key -> key.kind().equals("secrets"));
    memory.writeChanges();

    assertThat(memory.recallAll("pods")).isEmpty();
    assertThat(open().recallAll("pods")).isEmpty();
    assertThat(open().recall(CERTIFICATE)).contains("certificate");
  }

  @Test
  void whatIsBrokenIsDroppedAndTheRestStays() throws IOException {
    ApiMemory memory = open();
    List<Key> keys = Stream.of("a", "b", "c", "d", "e").map(name -> key("pods", name)).toList();
    keys.forEach(key -> keep(memory, key, "1", key.name().name()));
    memory.writeChanges();
    List<Path> files = files();
    byte[] changed = Files.readAllBytes(files.get(0));
    changed[changed.length / 2] ^= 1;
    Files.write(files.get(0), changed);
    Files.write(files.get(1), Arrays.copyOf(Files.readAllBytes(files.get(1)), 20));
    Files.write(files.get(2), new byte[0]);
    Files.copy(files.get(3), directory().resolve("0123456789abcdef.sealed"));
    Files.write(directory().resolve("empty.sealed"), seal.close(new byte[0], "empty.sealed"));
    Files.write(
        directory().resolve("odd.sealed"), seal.close("a\nb\nc".getBytes(UTF_8), "odd.sealed"));

    ApiMemory after = open();

    assertThat(files()).containsExactlyInAnyOrder(files.get(3), files.get(4));
    assertThat(after.recallAll("pods")).hasSize(2);
    keep(after, keys.getFirst(), "2", "again");
    after.writeChanges();
    assertThat(open().recall(keys.getFirst())).contains("again");
  }

  @Test
  void aDirectoryInThePlaceOfAFileCostsNothingElse() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    memory.writeChanges();
    Files.createDirectories(directory().resolve("d.sealed").resolve("inside"));
    Files.createDirectories(directory().resolve(".d.tmp").resolve("inside"));

    assertThat(open().recall(WEB)).contains("web");
  }

  @Test
  void whatIsNotItsOwnIsLeftAlone() throws IOException {
    Files.createDirectories(directory());
    Files.writeString(directory().resolve("README"), "not mine");

    open();

    assertThat(directory().resolve("README")).hasContent("not mine");
  }

  @Test
  void aFileThatBreaksLaterIsNoAnswer() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    memory.writeChanges();
    Files.writeString(files().getFirst(), "no more");

    assertThat(memory.recall(WEB)).isEmpty();
    assertThat(memory.recallAll("pods")).isEmpty();
  }

  @Test
  void theMemoryOfAnotherHostIsDropped() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    memory.writeChanges();

    ApiMemory elsewhere = ApiMemory.open(directory(), seal("key of another host"), time);

    assertThat(elsewhere.recall(WEB)).isEmpty();
    assertThat(files()).isEmpty();
  }

  @Test
  void halfWrittenFilesAreRemoved() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    memory.writeChanges();
    String name = String.valueOf(files().getFirst().getFileName());
    Files.writeString(directory().resolve("." + name + "123456.tmp"), "half");

    assertThat(open().recall(WEB)).contains("web");
    assertThat(files()).hasSize(1);
  }

  @Test
  void noMoreThanTheMostOfAKindIsKept() throws IOException {
    ApiMemory memory = full();
    memory.reserve(WEB);
    keep(memory, WEB, "1", "reserved");
    keep(memory, DB, "1", "one too many");
    keep(memory, CERTIFICATE, "1", "of another kind");
    keep(memory, key("pods", "web-0"), "2", "a new version of what is kept");

    assertThat(memory.recallAll("pods")).hasSize(ApiMemory.MOST + 1);
    assertThat(memory.recall(WEB)).contains("reserved");
    assertThat(memory.recall(DB)).isEmpty();
    assertThat(memory.recall(CERTIFICATE)).contains("of another kind");
    assertThat(memory.recall(key("pods", "web-0"))).contains("a new version of what is kept");
  }

  private ApiMemory full() throws IOException {
    ApiMemory memory = open();
    for (int i = 0; i < ApiMemory.MOST; i++) {
      keep(memory, key("pods", "web-" + i), "1", "web");
    }
    return memory;
  }

  @Test
  void whereSomethingWasForgottenThereIsRoomAgain() throws IOException {
    ApiMemory memory = full();
    memory.retain(key -> !key.kind().equals("pods"));
    memory.writeChanges();

    keep(memory, DB, "1", "db");

    assertThat(memory.recallAll("pods")).containsExactly("db");
  }

  @Test
  void whatIsTooLargeIsNotKeptNorIsWhatItReplaces() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "small");
    memory.writeChanges();

    keep(memory, WEB, "2", "x".repeat(ApiMemory.LARGEST_BYTES));
    memory.writeChanges();

    assertThat(memory.recall(WEB)).isEmpty();
    assertThat(files()).isEmpty();
  }

  @Test
  void aDiskThatRefusesCostsOnlyWhatItWouldHold() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    memory.writeChanges();
    remove(directory());

    keep(memory, DB, "1", "db");
    assertThat(memory.recall(DB)).contains("db");
    memory.writeChanges();
    assertThat(memory.recall(DB)).isEmpty();
    assertThat(memory.recall(WEB)).isEmpty();

    Files.writeString(directory(), "a file");
    keep(memory, DB, "1", "db");
    memory.forget(WEB);
    memory.writeChanges();
    assertThat(memory.recallAll("pods")).isEmpty();

    Files.delete(directory());
    Files.createDirectory(directory());
    keep(memory, DB, "1", "db");
    memory.writeChanges();
    assertThat(open().recall(DB)).contains("db");
  }

  @Test
  void changesAreGatheredAndThenWritten() throws Exception {
    ApiMemory memory = open();
    Thread writer = run(memory, new AtomicReference<>());
    keep(memory, WEB, "1", "web");
    time.awaitSleepers(1);
    keep(memory, DB, "1", "db");
    assertThat(files()).isEmpty();

    time.advance(ApiMemory.GATHER);
    awaitFiles(2);

    keep(memory, CERTIFICATE, "1", "certificate");
    time.awaitSleepers(1);
    time.advance(ApiMemory.GATHER);
    awaitFiles(3);
    writer.interrupt();
    writer.join();
  }

  @Test
  void whoIsInterruptedWritesWhatIsLeft() throws Exception {
    ApiMemory memory = open();
    AtomicReference<Throwable> end = new AtomicReference<>();
    Thread writer = run(memory, end);
    keep(memory, WEB, "1", "web");
    time.awaitSleepers(1);
    keep(memory, DB, "1", "db");

    writer.interrupt();
    writer.join();

    assertThat(end.get()).isInstanceOf(InterruptedException.class);
    assertThat(open().recallAll("pods")).containsExactly("db", "web");
  }

  @Test
  void whoIsInterruptedWhileWritingLosesNothing() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "old");
    memory.writeChanges();
    keep(memory, WEB, "2", "web");
    keep(memory, DB, "1", "db");

    Thread.currentThread().interrupt();
    memory.writeChanges();

    assertThat(Thread.interrupted()).as("the interrupt is still to be seen").isTrue();
    assertThat(open().recallAll("pods")).containsExactly("db", "web");
  }

  @Test
  void erasingLeavesNothing() throws IOException {
    ApiMemory memory = open();
    keep(memory, WEB, "1", "web");
    memory.writeChanges();

    ApiMemory.erase(directory());
    ApiMemory.erase(directory());

    assertThat(directory()).doesNotExist();
  }

  private static Thread run(ApiMemory memory, AtomicReference<Throwable> end) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                memory.run();
              } catch (InterruptedException | RuntimeException e) {
                end.set(e);
              }
            });
  }

  private void awaitFiles(int count) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (sealed() < count && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertThat(sealed()).isEqualTo(count);
  }

  private long sealed() throws IOException {
    try (Stream<Path> files = Files.list(directory())) {
      return files.filter(file -> file.toString().endsWith(".sealed")).count();
    }
  }

  private Path directory() {
    return parent.resolve("memory");
  }

  private ApiMemory open() throws IOException {
    return ApiMemory.open(directory(), seal, time);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory())) {
      return files.sorted().toList();
    }
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private static void keep(ApiMemory memory, Key key, String fingerprint, String json) {
    memory.keep(key, fingerprint, () -> json);
  }

  private static Key key(String kind, String name) {
    return new Key(kind, new ObjectName("default", name), "");
  }

  private static Seal seal(String key) {
    return new Seal("test", List.of(key.getBytes(UTF_8)));
  }
}
