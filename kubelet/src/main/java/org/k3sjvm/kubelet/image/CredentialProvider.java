package org.k3sjvm.kubelet.image;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A program that knows logins for some registries.
 *
 * <p>Source: kubelet v1.36 CredentialProviderConfig, and pkg/credentialprovider/plugin/config.go.
 *
 * @param name of the program in the providers' directory
 * @param matchImages registries it is asked about
 * @param defaultCacheDuration how long an answer is kept that does not say
 * @param apiVersion of what is sent to it and of what it answers
 * @param environment set besides that of this process
 * @param tokenAttributes present when it acts in the name of service accounts
 */
public record CredentialProvider(
    String name,
    List<String> matchImages,
    Duration defaultCacheDuration,
    String apiVersion,
    List<String> args,
    Map<String, String> environment,
    Optional<TokenAttributes> tokenAttributes) {
  private static final String V1 = "credentialprovider.kubelet.k8s.io/v1";

  private static final Set<String> VERSIONS =
      Set.of(
          V1,
          "credentialprovider.kubelet.k8s.io/v1beta1",
          "credentialprovider.kubelet.k8s.io/v1alpha1");

  /**
   * Checks all.
   *
   * @throws IllegalArgumentException naming everything that is wrong
   */
  public CredentialProvider {
    matchImages = List.copyOf(matchImages);
    args = List.copyOf(args);
    environment = Map.copyOf(environment);
    List<String> wrong = new ArrayList<>();
    if (name.isEmpty() || name.matches("\\.\\.?|.*[/ \\x00].*")) {
      wrong.add("name must be that of a file, without slash and space");
    }
    if (!VERSIONS.contains(apiVersion)) {
      wrong.add(
          "apiVersion must be one of " + String.join(", ", VERSIONS.stream().sorted().toList()));
    }
    if (matchImages.isEmpty()) {
      wrong.add("matchImages needs at least one");
    }
    for (String match : matchImages) {
      if (match.isEmpty() || Registry.parse(match).isEmpty()) {
        wrong.add("matchImages holds what is no registry: " + match);
      }
    }
    if (defaultCacheDuration.isNegative()) {
      wrong.add("defaultCacheDuration must not be negative");
    }
    if (tokenAttributes.isPresent() && !apiVersion.equals(V1)) {
      wrong.add("tokenAttributes need apiVersion " + V1);
    }
    if (!wrong.isEmpty()) {
      throw new IllegalArgumentException(
          "credential provider \"" + name + "\": " + String.join("; ", wrong));
    }
  }

  /** Whether it is asked about a repository. */
  boolean isFor(String repository) {
    Optional<Registry> wanted = Registry.parse(repository);
    return wanted.isPresent()
        && matchImages.stream()
            .anyMatch(m -> Registry.parse(m).filter(p -> p.matches(wanted.get())).isPresent());
  }

  /**
   * How it acts for service accounts.
   *
   * @param requireServiceAccount whether it is left out for pods without one
   * @param perToken whether answers are kept for one token, in place of one account
   * @param requiredAnnotations of the account; it is left out when one is missing
   */
  public record TokenAttributes(
      String audience,
      boolean requireServiceAccount,
      boolean perToken,
      List<String> requiredAnnotations,
      List<String> optionalAnnotations) {
    public TokenAttributes {
      requiredAnnotations = List.copyOf(requiredAnnotations);
      optionalAnnotations = List.copyOf(optionalAnnotations);
      if (audience.isEmpty()) {
        throw new IllegalArgumentException("tokenAttributes need a serviceAccountTokenAudience");
      }
      if (!requireServiceAccount && !requiredAnnotations.isEmpty()) {
        throw new IllegalArgumentException(
            "requireServiceAccount cannot be false with requiredServiceAccountAnnotationKeys");
      }
      if (!Collections.disjoint(requiredAnnotations, optionalAnnotations)) {
        throw new IllegalArgumentException("annotation keys cannot be both required and optional");
      }
    }
  }
}
