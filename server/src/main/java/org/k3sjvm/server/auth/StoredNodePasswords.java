package org.k3sjvm.server.auth;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.tree.Trees;

/** {@link NodePasswordStore} among the objects of the cluster. */
public final class StoredNodePasswords implements NodePasswordStore {
  private final Registry registry;

  public StoredNodePasswords(Registry registry) {
    this.registry = registry;
  }

  @Override
  public Optional<String> find(String node) {
    return registry
        .find(Kinds.SECRET, NAMESPACE, NodePasswordStore.secretName(node))
        .map(secret -> decode(Trees.text(secret, "data", DATA_KEY)));
  }

  @Override
  public boolean create(String node, String hash) {
    ObjectNode secret = Trees.object();
    secret.put("apiVersion", "v1").put("kind", "Secret");
    secret.putObject("metadata").put("name", NodePasswordStore.secretName(node));
    secret.put("type", SECRET_TYPE).put("immutable", true);
    secret
        .putObject("data")
        .put(DATA_KEY, Base64.getEncoder().encodeToString(hash.getBytes(StandardCharsets.UTF_8)));
    try {
      registry.create(Target.self(Kinds.SECRET, NAMESPACE), secret);
      return true;
    } catch (ApiException e) {
      if (find(node).isPresent()) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public boolean nodeExists(String node) {
    return registry.find(Kinds.NODE, "", node).isPresent();
  }

  /** A broken value is no hash. */
  private static String decode(String base64) {
    try {
      return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
