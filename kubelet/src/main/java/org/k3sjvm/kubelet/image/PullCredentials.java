package org.k3sjvm.kubelet.image;

import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Which logins a pod's pull may use: its own secrets first, then the node's, then those of
 * credential providers. Nothing of one pod's is kept for another. Any thread.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/images/image_manager.go and pkg/credentialprovider/secrets.
 */
public final class PullCredentials {
  private final PullSecrets secrets;
  private final NodeLogins node;
  private final List<ProviderLogins> providers;

  PullCredentials(PullSecrets secrets, NodeLogins node, List<ProviderLogins> providers) {
    this.secrets = secrets;
    this.node = node;
    this.providers = List.copyOf(providers);
  }

  /**
   * Those of a node.
   *
   * @param root of the kubelet
   */
  public static PullCredentials of(
      ImageSettings settings,
      Path root,
      PullSecrets secrets,
      ProviderAccounts accounts,
      InstantSource clock) {
    List<ProviderLogins> providers =
        settings.providers().stream()
            .map(
                p ->
                    new ProviderLogins(
                        p,
                        new ProviderProgram(settings.providerDirectory().orElseThrow(), p),
                        accounts,
                        clock))
            .toList();
    return new PullCredentials(secrets, NodeLogins.of(root, System.getenv(), clock), providers);
  }

  /**
   * Logins to try for a repository, in order; empty for an anonymous pull.
   *
   * @param events hears which pull secrets cannot be had
   * @throws IllegalArgumentException when a secret cannot be read; the message names it and shows
   *     none of it
   */
  public List<Credential> find(Pod pod, String repository, Consumer<PodEvent> events)
      throws InterruptedException {
    List<Credential> found = new ArrayList<>(ofSecrets(pod, events).of(repository));
    Keyring own = new Keyring();
    own.add(node.logins(), new Credential.Source.Node());
    found.addAll(own.of(repository));
    if (!providers.isEmpty()) {
      Keyring provided = new Keyring();
      for (ProviderLogins provider : providers) {
        provider.addTo(provided, repository, pod);
      }
      found.addAll(provided.of(repository));
    }
    return found;
  }

  private Keyring ofSecrets(Pod pod, Consumer<PodEvent> events) throws InterruptedException {
    Keyring keyring = new Keyring();
    List<String> names =
        pod.getSpec().getImagePullSecrets().stream()
            .map(LocalObjectReference::getName)
            .filter(name -> name != null && !name.isEmpty())
            .toList();
    if (names.isEmpty()) {
      return keyring;
    }
    PullSecrets.Found found = secrets.find(pod.getMetadata().getNamespace(), names);
    if (!found.missing().isEmpty()) {
      events.accept(
          PodEvent.warning(
              "FailedToRetrieveImagePullSecret",
              "Unable to retrieve some image pull secrets ("
                  + String.join(", ", found.missing())
                  + "); attempting to pull the image may not succeed."));
    }
    for (PullSecrets.PullSecret secret : found.secrets()) {
      keyring.add(
          read(secret),
          new Credential.Source.PullSecret(secret.uid(), secret.namespace(), secret.name()));
    }
    return keyring;
  }

  private static Map<String, RegistryAuth> read(PullSecrets.PullSecret secret) {
    try {
      String json = secret.json().reveal();
      return secret.legacy() ? DockerConfigs.readLegacy(json) : DockerConfigs.read(json);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "cannot read image pull secret "
              + secret.namespace()
              + "/"
              + secret.name()
              + ": "
              + e.getMessage());
    }
  }
}
