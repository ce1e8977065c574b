package org.k3sjvm.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.patch.Patch;
import org.k3sjvm.server.api.patch.PatchException;
import org.k3sjvm.server.api.registry.DeleteOptions;
import org.k3sjvm.server.api.schema.Conform;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.select.FieldSelector;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.tree.Quantities;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.api.wire.WireException;
import org.k3sjvm.server.api.wire.WireReader;

/** What clients of the embedded server send. */
public final class FuzzedRequests implements FuzzTargets {
  private static final int BODY_BYTES = 1 << 20;

  private static final String POD =
      """
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"x":"y"},"finalizers":["f"]},
      "spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"protocol":"TCP"}],
      "env":[{"name":"A","value":"b"}],"resources":{"limits":{"cpu":"1"}}}],
      "tolerations":[{"key":"k"}],"volumes":[{"name":"v","emptyDir":{}}]},"status":{"conditions":[
      {"type":"Ready","status":"True"}]}}
      """;

  private static final String STRATEGIC =
      """
      {"metadata":{"labels":{"x":null},"$deleteFromPrimitiveList/finalizers":["f"]},"spec":{
      "$setElementOrder/containers":[{"name":"c"}],"containers":[{"name":"c","image":"j","ports":[
      {"$patch":"delete","containerPort":80}]},{"name":"d","$patch":"replace"}],
      "volumes":[{"name":"v","$retainKeys":["name"]}]}}
      """;

  private static final String OPERATIONS =
      """
      [{"op":"add","path":"/metadata/labels/z","value":"1"},{"op":"copy","from":"/spec",
      "path":"/status/a"},{"op":"move","from":"/status/a","path":"/status/b"},{"op":"test",
      "path":"/metadata/name","value":"a"},{"op":"replace","path":"/spec/containers/0/image",
      "value":"j"},{"op":"remove","path":"/spec/volumes/0"},{"op":"add","path":"/spec/volumes/-",
      "value":{}}]
      """;

  /** The k8s prefix; a type v1 Pod; and in the raw part metadata.name and a container. */
  private static final String WIRE =
      "6b387300"
          + "0a09"
          + "0a027631"
          + "1203506f64"
          + "120c"
          + "0a030a0161"
          + "1205"
          + "1203"
          + "0a0163";

  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        patch("merge patch", patch -> new Patch.Merge((ObjectNode) patch)).seeds(STRATEGIC),
        patch(
                "strategic merge patch",
                patch -> new Patch.Strategic(Schema.builtIn(), "core.v1.Pod", (ObjectNode) patch))
            .seeds(STRATEGIC)
            .words("\"$patch\":\"delete\"", "\"$patch\":\"replace\"", "\"name\":\"c\""),
        patch("JSON patch", patch -> new Patch.Json((ArrayNode) patch))
            .seeds(OPERATIONS)
            .words("{\"op\":\"copy\",\"from\":\"\",\"path\":\"/a\"},", "/-", "/0", "~1", "~0"),
        FuzzTarget.bytes("protobuf of the API", FuzzedRequests::wire, WireException.class)
            .upTo(BODY_BYTES)
            .seeds(HexFormat.of().parseHex(WIRE)),
        FuzzTarget.bytes("body of a request", FuzzedRequests::body, IOException.class)
            .upTo(BODY_BYTES)
            .seeds(POD),
        FuzzTarget.bytes(
                "options of a deletion",
                in -> DeleteOptions.read(Trees.MAPPER.readTree(in)),
                IOException.class,
                ApiException.class)
            .seeds(
                "{\"gracePeriodSeconds\":3,\"preconditions\":{\"uid\":\"u\",\"resourceVersion\":\"7\"},"
                    + "\"propagationPolicy\":\"Orphan\"}"),
        FuzzTarget.text("label selector", FuzzedRequests::labels, ApiException.class)
            .seeds("a=b,c!=d,!e,f in (g, h),i notin (j),k>5,l==m")
            .words(" in (", " notin (", ")", "!=", "=="),
        FuzzTarget.bytes(
                "selector in an object",
                in -> LabelSelector.of(Trees.MAPPER.readTree(in)).matches(labelled()),
                IOException.class,
                ApiException.class)
            .seeds(
                "{\"matchLabels\":{\"x\":\"y\"},\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"Gt\","
                    + "\"values\":[\"1\"]},{\"key\":\"z\",\"operator\":\"Exists\"}]}"),
        FuzzTarget.text(
                "field selector",
                text -> FieldSelector.parse(Kinds.POD, text).matches(Trees.object()),
                ApiException.class)
            .seeds("spec.nodeName=a,status.phase!=Failed,metadata.name==b"),
        FuzzTarget.text("quantity of the server", FuzzedRequests::quantity)
            .seeds("100m", "1.5Gi", "1e3", "0", "-1Ki", "12E"));
  }

  private interface Maker {
    Patch of(JsonNode patch);
  }

  private static FuzzTarget patch(String name, Maker maker) {
    return FuzzTarget.bytes(
            name,
            in -> {
              JsonNode tree = Trees.MAPPER.readTree(in);
              boolean list = name.startsWith("JSON");
              if (list ? tree instanceof ArrayNode : tree instanceof ObjectNode) {
                var _ = maker.of(tree).apply(pod());
              }
            },
            IOException.class,
            PatchException.class)
        .upTo(BODY_BYTES);
  }

  private static ObjectNode pod() {
    return Trees.parse(POD.getBytes(StandardCharsets.UTF_8));
  }

  private static ObjectNode labelled() {
    return Trees.object().put("x", "2").put("z", "");
  }

  private static void wire(byte[] input) {
    var _ = WireReader.read(input, (version, kind) -> Optional.of("core.v1.Pod"));
  }

  private static void body(byte[] input) throws IOException {
    if (Trees.MAPPER.readTree(input) instanceof ObjectNode object) {
      var _ = Conform.conform(Schema.builtIn(), "core.v1.Pod", object);
      var _ = Trees.bytes(object);
    }
  }

  private static void labels(String text) {
    var _ = LabelSelector.parse(text).matches(labelled());
  }

  private static void quantity(String text) {
    var _ = Quantities.parse(text).map(number -> number.add(BigDecimal.ONE));
  }
}
