package org.k3sjvm.kubelet.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.time.GoDurations;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.kube.KubeJson;

/**
 * Runs a credential provider: a request on its standard input, an answer on its standard output.
 *
 * <p>Source: kubelet v1.36 pkg/credentialprovider/plugin/plugin.go, ExecPlugin.
 */
class ProviderProgram {
  /** Source: kubelet v1.36, the same for every program. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final Duration PIPES_CLOSE = Duration.ofSeconds(2);
  private static final int LARGEST_ANSWER = 1 << 20;
  private static final int LONGEST_COMPLAINT = 1024;
  private static final long STACK_BYTES = 128 << 10;

  private final Path program;
  private final CredentialProvider provider;
  private final Duration patience;

  ProviderProgram(Path directory, CredentialProvider provider) {
    this(directory, provider, PATIENCE);
  }

  ProviderProgram(Path directory, CredentialProvider provider, Duration patience) {
    this.program = directory.resolve(provider.name());
    this.provider = provider;
    this.patience = patience;
  }

  /** What the program is asked. */
  record Request(String image, Optional<Secret> token, Map<String, String> annotations) {}

  /** For what an answer holds. */
  enum Scope {
    IMAGE,
    REGISTRY,
    GLOBAL
  }

  /**
   * What it answers.
   *
   * @param kept how long; empty when it does not say
   * @param logins by pattern
   */
  record Answer(Scope scope, Optional<Duration> kept, Map<String, RegistryAuth> logins) {}

  /** It did not answer; the message shows none of its output but the end of its complaints. */
  static final class ProviderException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ProviderException(String message) {
      super(message);
    }
  }

  /**
   * Asks; blocks for at most a minute.
   *
   * @throws ProviderException when there is no usable answer
   */
  Answer ask(Request request) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(provider.args());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(provider.environment());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new ProviderException("cannot start " + program + ": " + e.getMessage());
    }
    try {
      return answer(process, request);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private Answer answer(Process process, Request request) throws InterruptedException {
    CompletableFuture<byte[]> out = reader(process.getInputStream(), LARGEST_ANSWER);
    CompletableFuture<byte[]> err = reader(process.getErrorStream(), LONGEST_COMPLAINT);
    write(process.getOutputStream(), encoded(request).getBytes(StandardCharsets.UTF_8));
    if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new ProviderException(program + " did not answer within " + GoDurations.text(patience));
    }
    if (process.exitValue() != 0) {
      throw new ProviderException(
          program
              + " ended with status "
              + process.exitValue()
              + ": "
              + new String(collected(err), StandardCharsets.UTF_8).strip());
    }
    byte[] answer = collected(out);
    if (answer.length > LARGEST_ANSWER) {
      throw new ProviderException(program + " answered more than 1 MiB");
    }
    return decoded(answer);
  }

  /** It may answer without listening, so that nobody waits for this to end. */
  private static void write(OutputStream to, byte[] request) {
    besides(
        () -> {
          try (to) {
            to.write(request);
          } catch (IOException _) { // it does not listen
          }
        });
  }

  /** Reads to the end, so that the program never waits for us, and keeps one byte too many. */
  private static CompletableFuture<byte[]> reader(InputStream from, int most) {
    CompletableFuture<byte[]> read = new CompletableFuture<>();
    besides(
        () -> {
          try (from) {
            byte[] kept = from.readNBytes(most + 1);
            from.transferTo(OutputStream.nullOutputStream());
            read.complete(kept);
          } catch (IOException e) {
            read.complete(new byte[0]);
          }
        });
    return read;
  }

  /** A read from a pipe would hold the carrier of a virtual thread. */
  private static void besides(Runnable work) {
    Thread.ofPlatform().daemon().name("credential-provider").stackSize(STACK_BYTES).start(work);
  }

  private byte[] collected(CompletableFuture<byte[]> bytes) throws InterruptedException {
    try {
      return bytes.get(PIPES_CLOSE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException _) {
      throw new ProviderException(program + " ended and left its output open");
    }
  }

  private String encoded(Request request) {
    ObjectNode body =
        KubeJson.newObject()
            .put("kind", "CredentialProviderRequest")
            .put("apiVersion", provider.apiVersion())
            .put("image", request.image());
    request.token().ifPresent(token -> body.put("serviceAccountToken", token.reveal()));
    if (!request.annotations().isEmpty()) {
      ObjectNode annotations = body.putObject("serviceAccountAnnotations");
      request.annotations().forEach(annotations::put);
    }
    return body.toString();
  }

  private Answer decoded(byte[] bytes) {
    JsonNode root;
    try {
      root = KubeJson.mapper().readTree(bytes);
    } catch (JsonProcessingException _) { // its message shows a part of the text
      throw new ProviderException(program + " answered what is not JSON");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    if (!root.path("kind").asText().equals("CredentialProviderResponse")
        || !root.path("apiVersion").asText().equals(provider.apiVersion())) {
      throw new ProviderException(
          program
              + " must answer a CredentialProviderResponse of "
              + provider.apiVersion()
              + ", as configured");
    }
    Map<String, RegistryAuth> logins = new LinkedHashMap<>();
    root.path("auth")
        .properties()
        .forEach(
            e ->
                logins.put(
                    e.getKey(),
                    RegistryAuth.basic(
                        e.getValue().path("username").asText(""),
                        new Secret(e.getValue().path("password").asText("")))));
    return new Answer(scope(root), kept(root), logins);
  }

  private Scope scope(JsonNode root) {
    return switch (root.path("cacheKeyType").asText()) {
      case "Image" -> Scope.IMAGE;
      case "Registry" -> Scope.REGISTRY;
      case "Global" -> Scope.GLOBAL;
      default ->
          throw new ProviderException(
              program + " answered no cacheKeyType of Image, Registry or Global");
    };
  }

  private Optional<Duration> kept(JsonNode root) {
    JsonNode duration = root.path("cacheDuration");
    if (duration.isMissingNode() || duration.isNull()) {
      return Optional.empty();
    }
    try {
      return Optional.of(GoDurations.parse(duration.asText()));
    } catch (IllegalArgumentException _) {
      throw new ProviderException(program + " answered a cacheDuration that is none");
    }
  }
}
