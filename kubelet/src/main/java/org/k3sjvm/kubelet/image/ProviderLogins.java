package org.k3sjvm.kubelet.image;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kubelet.image.CredentialProvider.TokenAttributes;
import org.k3sjvm.kubelet.image.ProviderProgram.Answer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The logins of one credential provider, kept for as long as it says. A provider that fails has
 * none. Any thread.
 *
 * <p>Source: kubelet v1.36 pkg/credentialprovider/plugin/plugin.go.
 */
final class ProviderLogins {
  private static final Logger log = LoggerFactory.getLogger(ProviderLogins.class);

  private final CredentialProvider provider;
  private final ProviderProgram program;
  private final ProviderAccounts accounts;
  private final InstantSource clock;
  private final ConcurrentMap<Key, Kept> kept = new ConcurrentHashMap<>();
  private final SharedCalls<Key, Answer> calls = new SharedCalls<>();

  /** In whose name the provider is asked; all empty when in nobody's. */
  private record Account(
      String namespace, String name, String uid, Map<String, String> annotations, String token) {
    static final Account NOBODY = new Account("", "", "", Map.of(), "");
  }

  /**
   * What a login is kept for.
   *
   * @param subject an image, a registry, or empty for all
   */
  private record Key(ProviderProgram.Scope scope, String subject, Account account) {}

  private record Kept(Map<String, RegistryAuth> logins, Instant until) {}

  ProviderLogins(
      CredentialProvider provider,
      ProviderProgram program,
      ProviderAccounts accounts,
      InstantSource clock) {
    this.provider = provider;
    this.program = program;
    this.accounts = accounts;
    this.clock = clock;
  }

  /** Adds the logins that the provider has for a repository and a pod; none when it fails. */
  void addTo(Keyring keyring, String repository, Pod pod) throws InterruptedException {
    if (!provider.isFor(repository)) {
      return;
    }
    try {
      if (provider.tokenAttributes().isEmpty()) {
        keyring.add(
            logins(repository, Account.NOBODY, Optional.empty()), new Credential.Source.Node());
        return;
      }
      forAccount(keyring, repository, pod, provider.tokenAttributes().get());
    } catch (ProviderProgram.ProviderException | KubeException e) {
      log.atError()
          .addKeyValue("provider", provider.name())
          .addKeyValue("image", repository)
          .addKeyValue("pod", pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName())
          .addKeyValue("reason", e.getMessage())
          .log("no logins from a credential provider");
    }
  }

  private void forAccount(Keyring keyring, String repository, Pod pod, TokenAttributes attributes)
      throws InterruptedException {
    String namespace = pod.getMetadata().getNamespace();
    String name = pod.getSpec().getServiceAccountName();
    if (name == null || name.isEmpty()) {
      if (!attributes.requireServiceAccount()) {
        keyring.add(
            logins(repository, Account.NOBODY, Optional.empty()), new Credential.Source.Node());
      }
      return;
    }
    ProviderAccounts.Account account =
        accounts
            .find(namespace, name)
            .orElseThrow(
                () ->
                    new ProviderProgram.ProviderException(
                        "there is no service account " + namespace + "/" + name));
    if (!account.annotations().keySet().containsAll(attributes.requiredAnnotations())) {
      return; // the account does not want it
    }
    Map<String, String> annotations = new TreeMap<>();
    for (List<String> keys :
        List.of(attributes.requiredAnnotations(), attributes.optionalAnnotations())) {
      keys.stream()
          .filter(account.annotations()::containsKey)
          .forEach(key -> annotations.put(key, account.annotations().getOrDefault(key, "")));
    }
    Secret token =
        accounts.token(
            new ProviderAccounts.TokenOrder(
                namespace,
                name,
                account.uid(),
                pod.getMetadata().getName(),
                pod.getMetadata().getUid(),
                attributes.audience()));
    Account asked =
        new Account(
            namespace,
            name,
            account.uid(),
            Map.copyOf(annotations),
            attributes.perToken() ? sha256(token.reveal()) : "");
    keyring.add(
        logins(repository, asked, Optional.of(token)),
        new Credential.Source.ServiceAccount(account.uid(), namespace, name));
  }

  private Map<String, RegistryAuth> logins(
      String repository, Account account, Optional<Secret> token) throws InterruptedException {
    Instant now = clock.instant();
    for (ProviderProgram.Scope scope : ProviderProgram.Scope.values()) {
      Kept known = kept.get(key(scope, repository, account));
      if (known != null && !now.isAfter(known.until())) {
        return known.logins();
      }
    }
    Key question =
        new Key(
            ProviderProgram.Scope.IMAGE,
            repository + token.map(t -> " " + sha256(t.reveal())).orElse(""),
            account);
    Answer answer =
        calls.get(
            question,
            () ->
                program.ask(new ProviderProgram.Request(repository, token, account.annotations())));
    if (token.isPresent()
        && account.token().isEmpty()
        && answer.logins().values().stream().anyMatch(l -> l.password().equals(token.get()))) {
      throw new ProviderProgram.ProviderException(
          "the provider answered the service account's token as a password, which needs cacheType"
              + " Token");
    }
    Duration lasts = answer.kept().orElse(provider.defaultCacheDuration());
    if (lasts.isPositive()) {
      kept.values().removeIf(k -> now.isAfter(k.until()));
      kept.put(
          key(answer.scope(), repository, account),
          new Kept(answer.logins(), clock.instant().plus(lasts)));
    }
    return answer.logins();
  }

  private static Key key(ProviderProgram.Scope scope, String repository, Account account) {
    String subject =
        switch (scope) {
          case IMAGE -> repository;
          case REGISTRY -> repository.substring(0, Math.max(0, repository.indexOf('/')));
          case GLOBAL -> "";
        };
    return new Key(scope, subject, account);
  }

  private static String sha256(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
