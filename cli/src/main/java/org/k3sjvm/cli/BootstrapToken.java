package org.k3sjvm.cli;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A token that joins nodes for a while, and the Secret that a server keeps it as. Source:
 * Kubernetes, Authenticating with Bootstrap Tokens.
 *
 * @param id six lower case letters or digits
 * @param secret sixteen of them
 * @param expires empty for never
 * @param usages such as {@code authentication}, in order
 * @param groups that who joins with it is in
 */
record BootstrapToken(
    String id,
    String secret,
    String description,
    Optional<Instant> expires,
    List<String> usages,
    List<String> groups) {
  static final String NAMESPACE = "kube-system";
  static final String SECRET_TYPE = "bootstrap.kubernetes.io/token";

  /** Source: k3s v1.36.3 pkg/kubeadm. */
  static final List<String> DEFAULT_USAGES = List.of("authentication", "signing");

  static final List<String> DEFAULT_GROUPS = List.of("system:bootstrappers:k3s:default-node-token");

  private static final String NAME_PREFIX = "bootstrap-token-";
  private static final String USAGE_PREFIX = "usage-bootstrap-";
  private static final Pattern ID = Pattern.compile("[a-z0-9]{6}");
  private static final Pattern TOKEN = Pattern.compile("[a-z0-9]{6}\\.[a-z0-9]{16}");
  private static final String LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";
  private static final int ID_LENGTH = 6;
  private static final int SECRET_LENGTH = 16;

  BootstrapToken {
    usages = List.copyOf(usages);
    groups = List.copyOf(groups);
  }

  /** A new {@code <id>.<secret>}. */
  static String generate(RandomGenerator random) {
    return letters(random, ID_LENGTH) + "." + letters(random, SECRET_LENGTH);
  }

  private static String letters(RandomGenerator random, int count) {
    return random
        .ints(count, 0, LETTERS.length())
        .mapToObj(i -> LETTERS.substring(i, i + 1))
        .collect(Collectors.joining());
  }

  static boolean isToken(String text) {
    return TOKEN.matcher(text).matches();
  }

  /** The id of a token, or of an id. */
  static Optional<String> idOf(String text) {
    return isToken(text)
        ? Optional.of(text.substring(0, ID_LENGTH))
        : Optional.of(text).filter(t -> ID.matcher(t).matches());
  }

  static String secretName(String id) {
    return NAME_PREFIX + id;
  }

  Secret toSecret() {
    Map<String, String> data = new TreeMap<>();
    data.put("token-id", id);
    data.put("token-secret", secret);
    if (!description.isEmpty()) {
      data.put("description", description);
    }
    expires.ifPresent(e -> data.put("expiration", e.truncatedTo(ChronoUnit.SECONDS).toString()));
    usages.forEach(usage -> data.put(USAGE_PREFIX + usage, "true"));
    if (!groups.isEmpty()) {
      data.put("auth-extra-groups", String.join(",", groups));
    }
    data.replaceAll(
        (_, text) -> Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
    return new SecretBuilder()
        .withNewMetadata()
        .withName(secretName(id))
        .withNamespace(NAMESPACE)
        .endMetadata()
        .withType(SECRET_TYPE)
        .withData(data)
        .build();
  }

  /**
   * Reads a Secret.
   *
   * @throws IllegalArgumentException when it is no token
   */
  static BootstrapToken of(Secret secret) {
    Map<String, String> data = new TreeMap<>();
    if (secret.getData() != null) {
      secret.getData().forEach((key, text) -> data.put(key, decode(text)));
    }
    String id = data.getOrDefault("token-id", "");
    String word = data.getOrDefault("token-secret", "");
    String name = secret.getMetadata().getName();
    if (!isToken(id + "." + word) || !name.equals(secretName(id))) {
      throw new IllegalArgumentException("Secret " + name + " holds no bootstrap token");
    }
    String expiration = data.getOrDefault("expiration", "");
    String groups = data.getOrDefault("auth-extra-groups", "");
    return new BootstrapToken(
        id,
        word,
        data.getOrDefault("description", ""),
        expiration.isEmpty() ? Optional.empty() : Optional.of(instant(name, expiration)),
        data.entrySet().stream()
            .filter(e -> e.getKey().startsWith(USAGE_PREFIX) && e.getValue().equals("true"))
            .map(e -> e.getKey().substring(USAGE_PREFIX.length()))
            .toList(),
        groups.isEmpty() ? List.of() : Arrays.asList(groups.split(",")));
  }

  private static Instant instant(String name, String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("Secret " + name + " expires at no time: " + text, e);
    }
  }

  private static String decode(String base64) {
    return new String(Base64.getMimeDecoder().decode(base64), StandardCharsets.UTF_8);
  }
}
