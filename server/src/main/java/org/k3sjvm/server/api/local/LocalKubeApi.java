package org.k3sjvm.server.api.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectList;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Watch;
import org.k3sjvm.kube.WatchRequest;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.patch.Patch;
import org.k3sjvm.server.api.registry.DeleteOptions;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.rest.Bindings;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.select.FieldSelector;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.Snapshot;
import org.k3sjvm.server.store.StoreException;
import org.k3sjvm.server.store.StoredObject;

/** The port of the controllers straight on the registry, with the rights of the control plane. */
public final class LocalKubeApi implements KubeApi {
  private final Registry registry;
  private final InstantSource clock;

  public LocalKubeApi(Registry registry, InstantSource clock) {
    this.registry = registry;
    this.clock = clock;
  }

  @Override
  public <T extends HasMetadata> T get(Resource<T> resource, ObjectName name) {
    Kind kind = kind(resource);
    return tried(
        "get " + resource + " " + name,
        () -> read(resource, registry.get(kind, name.namespace(), name.name()).value()));
  }

  @Override
  public <T extends HasMetadata> T getCached(Resource<T> resource, ObjectName name) {
    return get(resource, name);
  }

  @Override
  public <T extends HasMetadata> ObjectList<T> list(Resource<T> resource, ListRequest request) {
    Kind kind = kind(resource);
    return tried(
        "list " + resource,
        () -> {
          Selection selection = selection(kind, request.selection());
          Snapshot snapshot =
              registry.store().list(kind.prefix(request.selection().namespace()), "", 0);
          List<T> items = new ArrayList<>();
          for (StoredObject stored : snapshot.objects()) {
            if (selection.all() || selection.matches(Trees.parse(stored.value()))) {
              items.add(read(resource, stored.value()));
            }
          }
          return new ObjectList<>(items, Long.toString(snapshot.revision()), "");
        });
  }

  @Override
  public <T extends HasMetadata> Watch<T> watch(Resource<T> resource, WatchRequest request)
      throws InterruptedException {
    Kind kind = kind(resource);
    String attempt = "watch " + resource;
    try {
      return new LocalWatch<>(
          resource,
          selection(kind, request.selection()),
          registry
              .store()
              .watch(
                  kind.prefix(request.selection().namespace()),
                  Long.parseLong(request.resourceVersion())),
          clock,
          clock.instant().plus(request.duration()));
    } catch (StoreException.Compacted e) {
      throw new KubeException.Gone(attempt, String.valueOf(e.getMessage()));
    } catch (ApiException e) {
      throw translate(attempt, e);
    }
  }

  @Override
  public <T extends HasMetadata> T create(Resource<T> resource, T object) {
    Kind kind = kind(resource);
    ObjectNode tree = tree(object);
    return tried(
        "create " + resource + " " + Meta.key(tree),
        () -> to(resource, registry.create(Target.self(kind, Meta.namespace(tree)), tree)));
  }

  @Override
  public <T extends HasMetadata> T update(Resource<T> resource, T object) {
    ObjectNode tree = tree(object);
    return change(
        "update", resource, Meta.namespace(tree), Meta.name(tree), "", _ -> tree.deepCopy());
  }

  @Override
  public <T extends HasMetadata> T patch(
      Resource<T> resource, ObjectName name, org.k3sjvm.kube.Patch patch) {
    return change(
        "patch", resource, name.namespace(), name.name(), "", patch(resource, patch)::apply);
  }

  @Override
  public <T extends HasMetadata> T patchStatus(
      Resource<T> resource, ObjectName name, org.k3sjvm.kube.Patch patch) {
    return change(
        "patch status of",
        resource,
        name.namespace(),
        name.name(),
        "status",
        patch(resource, patch)::apply);
  }

  @Override
  public <T extends HasMetadata> void delete(
      Resource<T> resource, ObjectName name, DeleteRequest request) {
    Kind kind = kind(resource);
    DeleteOptions options =
        new DeleteOptions(
            request.graceSeconds().map(OptionalLong::of).orElseGet(OptionalLong::empty),
            request.uid(),
            Optional.empty(),
            DeleteOptions.Propagation.BACKGROUND);
    var _ =
        tried(
            "delete " + resource + " " + name,
            () -> registry.delete(Target.self(kind, name.namespace()), name.name(), options));
  }

  /** Offers bindings and the finalizing of namespaces; the rest goes by the other methods. */
  @Override
  public JsonNode post(String path, JsonNode body) {
    List<String> parts = List.of(path.substring(1).split("/", -1));
    boolean core = parts.size() > 4 && path.startsWith("/api/v1/namespaces/");
    if (core && parts.getLast().equals("binding") && parts.get(4).equals("pods")) {
      String node = Trees.text(body, "target", "name");
      return tried(
          "bind " + parts.get(5),
          () ->
              registry.modify(
                  Kinds.POD,
                  parts.get(3),
                  parts.get(5),
                  "binding",
                  pod -> Bindings.bind(pod, node, Meta.uid(body), clock.instant())));
    }
    if (core && parts.getLast().equals("finalize")) {
      return tried(
          "finalize namespace " + parts.get(3),
          () ->
              registry.modify(
                  Kinds.NAMESPACE,
                  "",
                  parts.get(3),
                  "finalize",
                  namespace -> {
                    namespace.set("spec", body.path("spec").deepCopy());
                    return namespace;
                  }));
    }
    throw new KubeException.NotFound("post " + path, "not offered inside the control plane");
  }

  @Override
  public String getText(String path) {
    return "ok";
  }

  @Override
  public void reconnect() {
    // There is no connection.
  }

  private <T extends HasMetadata> T change(
      String verb,
      Resource<T> resource,
      String namespace,
      String name,
      String subresource,
      UnaryOperator<ObjectNode> change) {
    Kind kind = kind(resource);
    return tried(
        verb + " " + resource + " " + name,
        () -> to(resource, registry.modify(kind, namespace, name, subresource, change)));
  }

  private static Kind kind(Resource<?> resource) {
    int slash = resource.apiVersion().indexOf('/');
    return Kinds.ofResource(
            slash < 0 ? "" : resource.apiVersion().substring(0, slash),
            resource.apiVersion().substring(slash + 1),
            resource.plural())
        .orElseThrow(
            () -> new KubeException.NotFound("use " + resource, "this server has no such kind"));
  }

  private static Selection selection(Kind kind, org.k3sjvm.kube.Selection wanted) {
    return new Selection(
        LabelSelector.parse(wanted.labelSelector()),
        FieldSelector.parse(kind, wanted.fieldSelector()));
  }

  private static Patch patch(Resource<?> resource, org.k3sjvm.kube.Patch patch) {
    return switch (patch) {
      case org.k3sjvm.kube.Patch.Json json -> new Patch.Json((ArrayNode) json.body());
      case org.k3sjvm.kube.Patch.Merge merge -> new Patch.Merge((ObjectNode) merge.body());
      case org.k3sjvm.kube.Patch.Strategic strategic ->
          new Patch.Strategic(
              Schema.builtIn(), kind(resource).schema(), (ObjectNode) strategic.body());
    };
  }

  /** The model's form, re-read by our own mapper so that no value is of a foreign node class. */
  private static ObjectNode tree(HasMetadata object) {
    return KubeJson.tree(object);
  }

  private static <T extends HasMetadata> T to(Resource<T> resource, ObjectNode tree) {
    return KubeJson.treeTo(tree, resource.type());
  }

  static <T extends HasMetadata> T read(Resource<T> resource, byte[] json) {
    try {
      return KubeJson.mapper().readValue(json, resource.type());
    } catch (IOException e) {
      throw new KubeException.Unavailable("read " + resource, "the object does not parse", e);
    }
  }

  private static <R> R tried(String attempt, Supplier<R> body) {
    try {
      return body.get();
    } catch (ApiException e) {
      throw translate(attempt, e);
    } catch (StoreException e) {
      throw new KubeException.Unavailable(attempt, String.valueOf(e.getMessage()), e);
    }
  }

  private static KubeException translate(String attempt, ApiException e) {
    return KubeException.of(
        attempt, e.code(), e.reason(), String.valueOf(e.getMessage()), Optional.empty());
  }
}
