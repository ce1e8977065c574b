package org.k3sjvm.server.store;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.LongFunction;

/** The child of the kill test: writes from several threads and prints each write that returned. */
final class AcknowledgingWriter {
  private static final int WRITERS = 8;

  private AcknowledgingWriter() {}

  public static void main(String[] args) throws InterruptedException {
    LongFunction<byte[]> value = rv -> ("value " + rv).getBytes(StandardCharsets.UTF_8);
    try (ObjectStore store = ObjectStore.open(Path.of(args[0]))) {
      Thread last = Thread.currentThread();
      for (int w = 0; w < WRITERS; w++) {
        int writer = w;
        last =
            Thread.ofVirtual()
                .start(
                    () -> {
                      for (int i = 0; i < 100_000; i++) {
                        String key = "k/" + writer + "-" + i;
                        StoredObject written = store.write(new Mutation.Create(key, value));
                        synchronized (System.out) {
                          System.out.println(key + " " + written.revision() + ".");
                        }
                      }
                    });
      }
      last.join();
    }
  }
}
