package org.k3sjvm.kubelet.image;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.k3sjvm.cri.RegistryAuth;

/**
 * Logins by what they are for. One thread fills it.
 *
 * <p>Source: Kubernetes v1.36 pkg/credentialprovider/keyring.go, BasicDockerKeyring.
 */
final class Keyring {
  private static final String HUB_LOGIN = "index.docker.io";
  private static final String HUB = "docker.io/";

  private final Map<String, Registry> places = new LinkedHashMap<>();
  private final Map<String, List<Credential>> byPlace = new TreeMap<>(Comparator.reverseOrder());

  /** Takes logins in; one whose place cannot be read is left out. */
  void add(Map<String, RegistryAuth> logins, Credential.Source source) {
    logins.forEach(
        (key, auth) ->
            Registry.ofLogin(key)
                .ifPresent(
                    place -> {
                      String name = place.toString();
                      places.put(name, place);
                      byPlace
                          .computeIfAbsent(name, _ -> new ArrayList<>())
                          .add(new Credential(auth, source));
                    }));
  }

  /**
   * Logins to try, the longest path first; empty for an anonymous pull.
   *
   * @param repository in full, without tag and digest
   */
  List<Credential> of(String repository) {
    Optional<Registry> name = Registry.parse(repository);
    List<Credential> found = new ArrayList<>();
    byPlace.forEach(
        (place, credentials) -> {
          Registry pattern = places.get(place);
          if (pattern != null && name.filter(pattern::matches).isPresent()) {
            found.addAll(credentials);
          }
        });
    if (found.isEmpty() && repository.startsWith(HUB)) {
      return byPlace.getOrDefault(HUB_LOGIN, List.of());
    }
    return found;
  }
}
