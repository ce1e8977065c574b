package org.k3sjvm.server.control.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resource;

/** Reading fields that may be absent from the model classes, and writing patches of them. */
public final class Fields {
  private Fields() {}

  public static String text(@Nullable String value) {
    return value == null ? "" : value;
  }

  public static int number(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  public static <T> List<T> list(@Nullable List<T> values) {
    return values == null ? List.of() : values;
  }

  public static <K, V> Map<K, V> map(@Nullable Map<K, V> values) {
    return values == null ? Map.of() : values;
  }

  public static Map<String, String> labels(HasMetadata object) {
    return map(object.getMetadata().getLabels());
  }

  public static Map<String, String> annotations(HasMetadata object) {
    return map(object.getMetadata().getAnnotations());
  }

  public static String uid(HasMetadata object) {
    return text(object.getMetadata().getUid());
  }

  /** The owner reference with {@code controller: true}. */
  public static Optional<OwnerReference> controllerOf(HasMetadata object) {
    return list(object.getMetadata().getOwnerReferences()).stream()
        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
        .findFirst();
  }

  public static boolean isControlledBy(HasMetadata object, HasMetadata owner) {
    return controllerOf(object).filter(ref -> ref.getUid().equals(uid(owner))).isPresent();
  }

  /** A reference that says: this object belongs to that one alone. */
  public static OwnerReference controllerReference(Resource<?> kind, HasMetadata owner) {
    OwnerReference reference = new OwnerReference();
    reference.setApiVersion(kind.apiVersion());
    reference.setKind(kind.kind());
    reference.setName(owner.getMetadata().getName());
    reference.setUid(owner.getMetadata().getUid());
    reference.setController(true);
    reference.setBlockOwnerDeletion(true);
    return reference;
  }

  public static Optional<Instant> instant(@Nullable String time) {
    if (time == null || time.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(time, Instant::from));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** When it was made; the beginning of time when that is not known. */
  public static Instant created(HasMetadata object) {
    return instant(object.getMetadata().getCreationTimestamp()).orElse(Instant.EPOCH);
  }

  /** A moment as the API writes it: whole seconds. */
  public static String time(Instant moment) {
    return moment.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** A merge patch that holds only for the version of the object that we saw. */
  public static ObjectNode guarded(HasMetadata object) {
    ObjectNode body = KubeJson.newObject();
    body.putObject("metadata").put("resourceVersion", object.getMetadata().getResourceVersion());
    return body;
  }

  public static Patch merge(ObjectNode body) {
    return new Patch.Merge(body);
  }

  /** A list of model objects as JSON. */
  public static ArrayNode array(List<?> values) {
    ArrayNode array = KubeJson.newObject().arrayNode();
    for (Object value : values) {
      array.add(value instanceof JsonNode node ? node : KubeJson.tree(value));
    }
    return array;
  }

  /** A copy of metadata that shares nothing with it. */
  public static ObjectMeta copy(ObjectMeta metadata) {
    return KubeJson.treeTo(KubeJson.tree(metadata), ObjectMeta.class);
  }
}
