package org.k3sjvm.server.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectList;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Watch;
import org.k3sjvm.kube.WatchRequest;
import org.k3sjvm.kube.testing.FakeKubeApi;

/** The fake API with what controllers ask beyond plain objects: bindings, finalizers. */
public final class ServedApi implements KubeApi {
  private static final long LOOK_AGAIN_NANOS = 2_000_000;

  private final FakeKubeApi fake;

  public ServedApi(FakeKubeApi fake) {
    this.fake = fake;
  }

  public FakeKubeApi fake() {
    return fake;
  }

  /** Blocks until a condition holds that a change in the API may bring about. */
  public static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within 10 s: " + what);
      }
      LockSupport.parkNanos(LOOK_AGAIN_NANOS);
    }
  }

  @Override
  public <T extends HasMetadata> T get(Resource<T> resource, ObjectName name) {
    return fake.get(resource, name);
  }

  @Override
  public <T extends HasMetadata> T getCached(Resource<T> resource, ObjectName name) {
    return fake.getCached(resource, name);
  }

  @Override
  public <T extends HasMetadata> ObjectList<T> list(Resource<T> resource, ListRequest request) {
    return fake.list(resource, request);
  }

  @Override
  public <T extends HasMetadata> Watch<T> watch(Resource<T> resource, WatchRequest request) {
    return fake.watch(resource, request);
  }

  @Override
  public <T extends HasMetadata> T create(Resource<T> resource, T object) {
    return fake.create(resource, object);
  }

  @Override
  public <T extends HasMetadata> T update(Resource<T> resource, T object) {
    return fake.update(resource, object);
  }

  @Override
  public <T extends HasMetadata> T patch(Resource<T> resource, ObjectName name, Patch patch) {
    T patched = fake.patch(resource, name, patch);
    boolean held = !patched.getMetadata().getFinalizers().isEmpty();
    if (patched.getMetadata().getDeletionTimestamp() != null && !held) {
      fake.delete(resource, name, DeleteRequest.now(patched.getMetadata().getUid()));
    }
    return patched;
  }

  @Override
  public <T extends HasMetadata> T patchStatus(Resource<T> resource, ObjectName name, Patch patch) {
    return fake.patchStatus(resource, name, patch);
  }

  @Override
  public <T extends HasMetadata> void delete(
      Resource<T> resource, ObjectName name, DeleteRequest request) {
    T object = fake.get(resource, name);
    if (object.getMetadata().getFinalizers().isEmpty()) {
      fake.delete(resource, name, request);
    } else if (object.getMetadata().getDeletionTimestamp() == null) {
      ObjectNode body = KubeJson.newObject();
      body.putObject("metadata").put("deletionTimestamp", "2026-01-01T00:00:00Z");
      var _ = fake.patch(resource, name, new Patch.Merge(body));
    }
  }

  @Override
  public JsonNode post(String path, JsonNode body) {
    String[] parts = path.split("/", -1);
    String last = parts[parts.length - 1];
    ObjectNode change = KubeJson.newObject();
    if (last.equals("binding")) {
      change.putObject("spec").set("nodeName", body.at("/target/name"));
      ObjectName name = new ObjectName(parts[4], parts[6]);
      if (fake.get(Resources.PODS, name).getSpec().getNodeName() != null) {
        throw new AssertionError("bound twice: " + name);
      }
      return KubeJson.tree(fake.patch(Resources.PODS, name, new Patch.Merge(change)));
    }
    if (last.equals("finalize")) {
      fake.delete(Resources.NAMESPACES, ObjectName.ofCluster(parts[4]), DeleteRequest.DEFAULT);
      return change;
    }
    return fake.post(path, body);
  }

  @Override
  public String getText(String path) {
    return fake.getText(path);
  }

  @Override
  public void reconnect() {
    fake.reconnect();
  }

  /** An object, when it is there. */
  public <T extends HasMetadata> Optional<T> stored(Resource<T> resource, ObjectName name) {
    return fake.stored(resource).stream()
        .filter(object -> ObjectName.of(object).equals(name))
        .findFirst();
  }
}
