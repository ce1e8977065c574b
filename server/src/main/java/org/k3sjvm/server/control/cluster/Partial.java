package org.k3sjvm.server.control.cluster;

import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import org.k3sjvm.kube.Resource;

/** An object of any kind of which only the metadata matters. */
@JsonDeserialize(using = JsonDeserializer.None.class) // not by kind, as its interface would have it
public record Partial(String apiVersion, String kind, ObjectMeta metadata) implements HasMetadata {

  /** A kind, read as metadata alone. */
  public static Resource<Partial> of(
      String apiVersion, String plural, String kind, boolean namespaced) {
    return new Resource<>(apiVersion, plural, kind, Partial.class, namespaced);
  }

  /** The same kind, read as metadata alone. */
  public static Resource<Partial> of(Resource<?> resource) {
    return of(resource.apiVersion(), resource.plural(), resource.kind(), resource.namespaced());
  }

  @Override
  public ObjectMeta getMetadata() {
    return metadata;
  }

  @Override
  public String getApiVersion() {
    return apiVersion;
  }

  @Override
  public String getKind() {
    return kind;
  }

  @Override
  public void setMetadata(ObjectMeta metadata) {
    throw new UnsupportedOperationException("a partial object is only read");
  }

  @Override
  public void setApiVersion(String apiVersion) {
    throw new UnsupportedOperationException("a partial object is only read");
  }
}
