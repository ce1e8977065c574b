package org.k3sjvm.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.io.IOException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

/**
 * JSON of the Kubernetes API. One mapper for the program, because each keeps what it learnt about
 * the model classes.
 */
public final class KubeJson {
  /** RFC 3339 with microseconds: the API's MicroTime, as leases carry it. */
  private static final DateTimeFormatter MICRO_TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'");

  private static final int POOLED_BUFFERS = 8; // each about 16 kB, shared by all virtual threads

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .recyclerPool(JsonRecyclerPools.newBoundedPool(POOLED_BUFFERS))
                  .build())
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          .addMixIn(ObjectMeta.class, WithoutManagedFields.class)
          .addModule(
              new SimpleModule("micro-time")
                  .addSerializer(ZonedDateTime.class, new MicroTimeWriter())
                  .addDeserializer(ZonedDateTime.class, new MicroTimeReader()))
          .build();

  private KubeJson() {}

  /** The mapper; do not reconfigure it. */
  public static ObjectMapper mapper() {
    return MAPPER;
  }

  /** An object as a tree that shares nothing with it. */
  public static ObjectNode tree(Object object) {
    return MAPPER.valueToTree(object);
  }

  public static ObjectNode newObject() {
    return MAPPER.createObjectNode();
  }

  /**
   * A tree as an object of the model.
   *
   * @throws IllegalArgumentException when it does not fit the class
   */
  public static <T> T treeTo(JsonNode tree, Class<T> type) {
    try {
      return MAPPER.treeToValue(tree, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(notA(type, e), e);
    }
  }

  /**
   * Reads JSON text.
   *
   * @throws IllegalArgumentException when it is not JSON or does not fit the class
   */
  public static <T> T read(String json, Class<T> type) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(notA(type, e), e);
    }
  }

  /** Compact JSON text. */
  public static String write(Object object) {
    try {
      return MAPPER.writeValueAsString(object);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot write as JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static String notA(Class<?> type, JsonProcessingException e) {
    return "not the JSON of a " + type.getSimpleName() + ": " + e.getOriginalMessage();
  }

  /** managedFields can be larger than the rest of an object and no node reads them. */
  @JsonIgnoreProperties("managedFields")
  private interface WithoutManagedFields {}

  private static final class MicroTimeWriter extends StdSerializer<ZonedDateTime> {
    private static final long serialVersionUID = 1L;

    MicroTimeWriter() {
      super(ZonedDateTime.class);
    }

    @Override
    public void serialize(ZonedDateTime time, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeString(MICRO_TIME.format(time.withZoneSameInstant(ZoneOffset.UTC)));
    }
  }

  private static final class MicroTimeReader extends StdDeserializer<ZonedDateTime> {
    private static final long serialVersionUID = 1L;

    MicroTimeReader() {
      super(ZonedDateTime.class);
    }

    @Override
    public ZonedDateTime deserialize(JsonParser in, DeserializationContext context)
        throws IOException {
      return OffsetDateTime.parse(in.getText()).toZonedDateTime();
    }
  }
}
