package org.k3sjvm.kubelet.image;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How images are pulled.
 *
 * @param parallelPulls images at one time; 0 for no limit
 * @param registryQps pulls begun each second once the burst is used up; 0 for no limit
 * @param registryBurst pulls that may begin at once
 * @param providerDirectory of the providers' programs; present when there are providers
 * @param providers of credentials, in the order they are asked
 */
public record ImageSettings(
    int parallelPulls,
    double registryQps,
    int registryBurst,
    Optional<Path> providerDirectory,
    List<CredentialProvider> providers) {
  /** Source: k3s v1.36 (pulls are not serialized) and kubelet v1.36 registryPullQPS and burst. */
  public static final ImageSettings DEFAULT =
      new ImageSettings(0, 5, 10, Optional.empty(), List.of());

  public ImageSettings {
    providers = List.copyOf(providers);
    if (parallelPulls < 0 || registryQps < 0 || registryBurst < 0) {
      throw new IllegalArgumentException("limits of pulls are not negative");
    }
    if (!providers.isEmpty() && providerDirectory.isEmpty()) {
      throw new IllegalArgumentException("credential providers need their directory");
    }
  }

  /** The same with programs that provide credentials. */
  public ImageSettings withProviders(Path directory, List<CredentialProvider> all) {
    return new ImageSettings(
        parallelPulls, registryQps, registryBurst, Optional.of(directory), all);
  }

  /** The same with other limits. */
  public ImageSettings withLimits(int pulls, double qps, int burst) {
    return new ImageSettings(pulls, qps, burst, providerDirectory, providers);
  }
}
