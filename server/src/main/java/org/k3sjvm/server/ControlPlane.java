package org.k3sjvm.server;

import java.time.InstantSource;
import java.util.List;
import org.k3sjvm.http.Handler;
import org.k3sjvm.server.api.access.Authenticator;
import org.k3sjvm.server.api.access.Authorizer;
import org.k3sjvm.server.api.access.CertificateAuthenticator;
import org.k3sjvm.server.api.access.NodeRestriction;
import org.k3sjvm.server.api.access.ServiceAccountTokens;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.ServiceRanges;
import org.k3sjvm.server.api.rest.ApiServer;
import org.k3sjvm.server.api.rest.KubeletConnector;
import org.k3sjvm.server.store.ObjectStore;

/**
 * Store, rules and API put together. It does not listen: whoever owns the port passes requests to
 * {@link #api}.
 */
public final class ControlPlane implements AutoCloseable {
  private final ObjectStore store;
  private final Registry registry;
  private final ServiceAccountTokens tokens;
  private final ApiServer api;

  private ControlPlane(
      ObjectStore store, Registry registry, ServiceAccountTokens tokens, ApiServer api) {
    this.store = store;
    this.registry = registry;
    this.tokens = tokens;
    this.api = api;
  }

  /**
   * Opens the datastore and makes the objects that every cluster has.
   *
   * @param others ways to authenticate besides client certificates and service account tokens
   * @param connector the way to the kubelets
   */
  public static ControlPlane open(
      ControlPlaneConfig config,
      List<Authenticator> others,
      KubeletConnector connector,
      InstantSource clock) {
    ObjectStore store = ObjectStore.open(config.datastore());
    try {
      Registry registry =
          new Registry(store, ServiceRanges.of(config.serviceCidr()), clock, new NodeRestriction());
      ServiceAccountTokens tokens =
          new ServiceAccountTokens(
              config.serviceAccountKey(), config.issuer(), config.audiences(), registry, clock);
      List<Authenticator> all = new java.util.ArrayList<>();
      all.add(new CertificateAuthenticator());
      all.add(tokens);
      all.addAll(others);
      ApiServer api =
          new ApiServer(
              Authenticator.anyOf(all),
              new Authorizer(registry),
              registry,
              tokens,
              connector,
              config.version(),
              clock);
      Bootstrap.run(registry, config);
      return new ControlPlane(store, registry, tokens, api);
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** Answers the Kubernetes API. */
  public Handler api() {
    return api;
  }

  /** Where the controllers read and write. */
  public Registry registry() {
    return registry;
  }

  public ServiceAccountTokens tokens() {
    return tokens;
  }

  @Override
  public void close() {
    store.close();
  }
}
