package org.k3sjvm.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Optional;
import org.k3sjvm.base.time.Sleeper;

/**
 * The Kubernetes API, blocking.
 *
 * <p>Every method may be called from any thread, blocks until the answer is complete or its time is
 * over, and throws a {@link KubeException} for every answer that is not a success. An interrupt
 * abandons the request, which the server may carry out all the same. Objects come without {@code
 * metadata.managedFields}; callers own them.
 */
public interface KubeApi {
  /**
   * The object in its newest state.
   *
   * @throws KubeException.NotFound when there is none
   */
  <T extends HasMetadata> T get(Resource<T> resource, ObjectName name) throws InterruptedException;

  /** The object as the server's cache has it, cheap for the server; it may be a little old. */
  <T extends HasMetadata> T getCached(Resource<T> resource, ObjectName name)
      throws InterruptedException;

  /** {@link #get}, empty when there is none. */
  default <T extends HasMetadata> Optional<T> find(Resource<T> resource, ObjectName name)
      throws InterruptedException {
    try {
      return Optional.of(get(resource, name));
    } catch (KubeException.NotFound e) {
      return Optional.empty();
    }
  }

  /**
   * One page.
   *
   * @throws KubeException.Gone when the version or the continue token is too old
   */
  <T extends HasMetadata> ObjectList<T> list(Resource<T> resource, ListRequest request)
      throws InterruptedException;

  /** Opens a watch; returns when the server has accepted it. The caller closes it. */
  <T extends HasMetadata> Watch<T> watch(Resource<T> resource, WatchRequest request)
      throws InterruptedException;

  /**
   * Creates an object in the namespace that its metadata names.
   *
   * @return as stored
   * @throws KubeException.AlreadyExists when there is one of that name
   */
  <T extends HasMetadata> T create(Resource<T> resource, T object) throws InterruptedException;

  /**
   * Replaces an object.
   *
   * @return as stored
   * @throws KubeException.Conflict when its resourceVersion is not the current one
   */
  <T extends HasMetadata> T update(Resource<T> resource, T object) throws InterruptedException;

  /** Changes an object; returns it as stored. */
  <T extends HasMetadata> T patch(Resource<T> resource, ObjectName name, Patch patch)
      throws InterruptedException;

  /** Changes the status of an object, with labels and annotations that ride along. */
  <T extends HasMetadata> T patchStatus(Resource<T> resource, ObjectName name, Patch patch)
      throws InterruptedException;

  /**
   * Deletes an object, or begins to.
   *
   * @throws KubeException.NotFound when there is none
   */
  <T extends HasMetadata> void delete(Resource<T> resource, ObjectName name, DeleteRequest request)
      throws InterruptedException;

  /**
   * Posts a document and returns the answer: reviews, {@code serviceaccounts/token}, {@code
   * pods/eviction}.
   *
   * @param path absolute, without a query
   */
  JsonNode post(String path, JsonNode body) throws InterruptedException;

  /**
   * The body of a GET as text, such as {@code /version} or {@code /readyz}.
   *
   * @param path absolute, may have a query
   */
  String getText(String path) throws InterruptedException;

  /**
   * Drops the connections and begins with new ones: for one who sees requests time out over a
   * connection that may be dead. Open watches end.
   */
  void reconnect();

  /** How to wait before a request that failed is sent again; may know that it need not be long. */
  default Sleeper betweenTries() {
    return Sleeper.SYSTEM;
  }
}
