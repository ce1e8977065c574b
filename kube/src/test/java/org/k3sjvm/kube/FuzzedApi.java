package org.k3sjvm.kube;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** What API servers answer, and kubeconfig files. */
public final class FuzzedApi implements FuzzTargets {
  private static final String POD =
      """
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b","uid":"c",
      "resourceVersion":"7","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"x":"y"},
      "managedFields":[{"manager":"m","fieldsV1":{"f:spec":{}}}]},"spec":{"nodeName":"n",
      "containers":[{"name":"c","image":"i","command":["a"],"ports":[{"containerPort":80}],
      "env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
      "resources":{"limits":{"cpu":"100m","memory":"1Gi"}},
      "livenessProbe":{"httpGet":{"path":"/","port":"http"},"periodSeconds":1}}],
      "volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}],
      "tolerations":[{"operator":"Exists"}]},"status":{"phase":"Running","podIPs":[{"ip":"1.2.3.4"}],
      "containerStatuses":[{"name":"c","restartCount":1,"state":{"running":{"startedAt":null}}}]}}
      """;

  private static final String NODE =
      """
      {"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"spec":{"podCIDR":"10.42.0.0/24",
      "podCIDRs":["10.42.0.0/24"],"taints":[{"key":"a","effect":"NoSchedule"}]},"status":{
      "capacity":{"cpu":"2","memory":"1024Ki"},"conditions":[{"type":"Ready","status":"True"}],
      "addresses":[{"type":"InternalIP","address":"10.0.0.1"}],"images":[{"names":["a"]}]}}
      """;

  private static final String LEASE =
      """
      {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"n"},"spec":{
      "holderIdentity":"n","leaseDurationSeconds":40,"renewTime":"2026-01-01T00:00:00.123456Z"}}
      """;

  private static final String SLICE =
      """
      {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{
      "name":"s"},"endpoints":[{"addresses":["10.42.0.5"],"conditions":{"ready":true},"hints":{
      "forZones":[{"name":"z"}]}}],"ports":[{"name":"","port":80,"protocol":"TCP"}]}
      """;

  private static final String STATUS =
      """
      {"kind":"Status","code":429,"reason":"TooManyRequests","message":"later","details":{
      "retryAfterSeconds":1}}
      """;

  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        json("pod", Pod.class, POD),
        json("node", Node.class, NODE),
        json("lease", Lease.class, LEASE),
        json("endpoint slice", EndpointSlice.class, SLICE),
        FuzzTarget.bytes(
                "list of pods",
                in -> {
                  try (JsonParser parser = KubeJson.mapper().createParser(in)) {
                    var _ = HttpKubeApi.readList(parser, Pod.class);
                  }
                },
                IOException.class)
            .seeds(
                "{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"c\"},\"items\":["
                    + POD
                    + "]}",
                "{\"items\":[]}"),
        FuzzTarget.bytes("watch of pods", in -> watch(in, Pod.class), KubeException.class)
            .seeds(
                "{\"type\":\"ADDED\",\"object\":" + POD + "}{\"type\":\"DELETED\",\"object\":{}}",
                "{\"object\":{\"metadata\":{\"resourceVersion\":\"8\"}},\"type\":\"BOOKMARK\"}",
                "{\"type\":\"MODIFIED\",\"object\":{}}\n"),
        FuzzTarget.text(
                "refusal of an API server", FuzzedApi::refusal, IllegalArgumentException.class)
            .seeds(STATUS),
        kubeconfig());
  }

  private static <T extends HasMetadata> FuzzTarget json(String name, Class<T> type, String seed) {
    return FuzzTarget.text(
            "JSON of a " + name,
            text -> {
              T object = KubeJson.read(text, type);
              if (object != null) {
                var _ = KubeJson.write(object);
              }
            },
            IllegalArgumentException.class)
        .seeds(seed);
  }

  private static <T extends HasMetadata> void watch(byte[] input, Class<T> type)
      throws InterruptedException {
    try (GuardedBodies bodies = GuardedBodies.start();
        HttpWatch<T> watch =
            new HttpWatch<>(
                "watch",
                type,
                bodies.guard(new ByteArrayInputStream(input), 1 << 20, Duration.ofMinutes(1)),
                Duration.ofMinutes(1),
                1 << 20)) {
      Optional<WatchEvent<T>> event = watch.next();
      while (event.isPresent()) {
        event = watch.next();
      }
    }
  }

  private static void refusal(String text) {
    JsonNode status = KubeJson.read(text, JsonNode.class);
    var _ = Failures.ofStatus("get", status).toString();
  }

  private static FuzzTarget kubeconfig() {
    var pair = Keys.generate();
    String key = base64(Keys.pem(pair));
    String certificate =
        base64(
            Certificates.pem(
                CertificateAuthority.selfSigned("a", pair, Instant.now(), Duration.ofDays(9))
                    .certificate()));
    return FuzzTarget.file(
            "kubeconfig", "kubeconfig", Kubeconfig::read, IllegalArgumentException.class)
        .seeds(
            """
            apiVersion: v1
            kind: Config
            clusters:
            - cluster: {server: https://127.0.0.1:6444, certificate-authority-data: %2$s}
              name: local
            contexts:
            - context: {cluster: local, namespace: default, user: user}
              name: Default
            current-context: Default
            users:
            - name: user
              user: {client-certificate-data: %2$s, client-key-data: %1$s, token: t}
            """
                .formatted(key, certificate))
        .words("client-certificate: kubeconfig", "certificate-authority: /dev", "server: ");
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
