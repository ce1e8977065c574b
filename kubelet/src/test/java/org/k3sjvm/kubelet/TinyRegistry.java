package org.k3sjvm.kubelet;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.k3sjvm.cri.testing.TestImages;

/**
 * A registry on the loopback device, without encryption, that has busybox under every name. Names
 * below {@code private/} open to one login.
 */
final class TinyRegistry implements AutoCloseable {
  private static final String LOGIN = "puller:s3cret";
  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  /** Names and tags of the manifests that were asked for. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  volatile CountDownLatch held = new CountDownLatch(0);
  volatile boolean down;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final byte[] manifest;

  private TinyRegistry(Path scratch) throws IOException, InterruptedException {
    Path archive = scratch.resolve("registry.tar");
    TestImages.writeBusybox(archive);
    Map<String, byte[]> files = untar(Files.readAllBytes(archive));
    String config =
        files.keySet().stream()
            .filter(f -> f.matches("[0-9a-f]{64}\\.json"))
            .findFirst()
            .orElseThrow();
    manifest =
        ("{\"schemaVersion\":2,\"mediaType\":\""
                + MANIFEST
                + "\",\"config\":"
                + blob("application/vnd.oci.image.config.v1+json", named(files, config))
                + ",\"layers\":["
                + blob("application/vnd.oci.image.layer.v1.tar", named(files, "layer/layer.tar"))
                + "]}")
            .getBytes(StandardCharsets.UTF_8);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/v2/", this::serve);
    server.start();
  }

  static TinyRegistry start(Path scratch) throws IOException, InterruptedException {
    return new TinyRegistry(scratch);
  }

  /** Host and port. */
  String name() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** A docker configuration that opens the private names. */
  String dockerConfig(String login) {
    return "{\"auths\":{\""
        + name()
        + "\":{\"auth\":\""
        + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8))
        + "\"}}}";
  }

  static String goodLogin() {
    return LOGIN;
  }

  private String blob(String type, byte[] content) {
    String digest = sha256(content);
    blobs.put(digest, content);
    return "{\"mediaType\":\""
        + type
        + "\",\"digest\":\""
        + digest
        + "\",\"size\":"
        + content.length
        + "}";
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      if (down) {
        answer(exchange, 503, "text/plain", new byte[0]);
      } else if (path.startsWith("/v2/private/") && !mayPull(exchange)) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"tiny\"");
        answer(exchange, 401, "text/plain", new byte[0]);
      } else if (path.contains("/manifests/")) {
        if (!path.contains("sha256:")) {
          asked.add(path.substring(4).replace("/manifests/", ":"));
          held.await();
        }
        exchange.getResponseHeaders().set("Docker-Content-Digest", sha256(manifest));
        answer(exchange, 200, MANIFEST, manifest);
      } else if (path.contains("/blobs/")) {
        String digest = path.substring(path.lastIndexOf('/') + 1);
        answer(exchange, 200, "application/octet-stream", named(blobs, digest));
      } else {
        answer(exchange, 200, "application/json", new byte[] {'{', '}'});
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static byte[] named(Map<String, byte[]> all, String name) {
    return Objects.requireNonNull(all.get(name), name);
  }

  private static boolean mayPull(HttpExchange exchange) {
    String wanted =
        "Basic " + Base64.getEncoder().encodeToString(LOGIN.getBytes(StandardCharsets.UTF_8));
    return Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization"))
        .filter(wanted::equals)
        .isPresent();
  }

  private static void answer(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
    }
    exchange.sendResponseHeaders(status, head || body.length == 0 ? -1 : body.length);
    if (!head && body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }

  private static Map<String, byte[]> untar(byte[] tar) {
    Map<String, byte[]> files = new TreeMap<>();
    for (int at = 0; at + 512 <= tar.length && tar[at] != 0; ) {
      String name = new String(tar, at, 100, StandardCharsets.US_ASCII).replaceAll("\0.*", "");
      String octal = new String(tar, at + 124, 11, StandardCharsets.US_ASCII);
      int size = Integer.parseInt(octal.strip(), 8);
      ByteArrayOutputStream content = new ByteArrayOutputStream(size);
      content.write(tar, at + 512, size);
      files.put(name, content.toByteArray());
      at += 512 + (size + 511) / 512 * 512;
    }
    return files;
  }

  private static String sha256(byte[] content) {
    try {
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
