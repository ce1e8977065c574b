package org.k3sjvm.kubelet.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.http.Request;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out who asks: by client certificate, else by bearer token, which the API server reviews.
 * Nobody is let in when neither proves anything, or when the API server cannot be asked. Source:
 * kubelet v1.36.3 cmd/kubelet/app/auth.go.
 */
final class Authenticator {
  private static final Logger log = LoggerFactory.getLogger(Authenticator.class);
  private static final String PATH = "/apis/authentication.k8s.io/v1/tokenreviews";

  /** Source: kubelet v1.36 default of authentication.webhook.cacheTTL. */
  private static final Duration ACCEPTED = Duration.ofMinutes(2);

  private static final Duration REFUSED = Duration.ofSeconds(10);
  private static final int MAX_CACHED = 256;
  private static final int MAX_TOKEN_CHARS = 16 * 1024;

  private final KubeApi api;
  private final ExpiringCache<String, Optional<User>> tokens;

  Authenticator(KubeApi api, LongSupplier nanos) {
    this.api = api;
    this.tokens = new ExpiringCache<>(MAX_CACHED, nanos);
  }

  Optional<User> authenticate(Request request) throws InterruptedException {
    Optional<User> user = request.clientCertificate().flatMap(Authenticator::ofCertificate);
    if (user.isPresent()) {
      return user;
    }
    Optional<String> token = bearerToken(request);
    return token.isEmpty() ? Optional.empty() : ofToken(token.get());
  }

  /** The user is the common name, the groups are the organizations. */
  static Optional<User> ofCertificate(X509Certificate certificate) {
    X500Name subject = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    List<String> names = values(subject, BCStyle.CN);
    if (names.isEmpty() || names.getFirst().isEmpty()) {
      return Optional.empty();
    }
    List<String> groups = new ArrayList<>(values(subject, BCStyle.O));
    groups.add(User.AUTHENTICATED);
    return Optional.of(new User(names.getFirst(), "", groups, Map.of()));
  }

  private static List<String> values(X500Name subject, ASN1ObjectIdentifier type) {
    List<String> values = new ArrayList<>();
    for (RDN part : subject.getRDNs(type)) {
      for (AttributeTypeAndValue each : part.getTypesAndValues()) {
        if (each.getType().equals(type) && each.getValue() instanceof ASN1String text) {
          values.add(text.getString());
        }
      }
    }
    return values;
  }

  private static Optional<String> bearerToken(Request request) {
    return request
        .headers()
        .first("Authorization")
        .filter(value -> value.regionMatches(true, 0, "Bearer ", 0, 7))
        .map(value -> value.substring(7).strip())
        .filter(value -> !value.isEmpty() && value.length() <= MAX_TOKEN_CHARS);
  }

  private Optional<User> ofToken(String token) throws InterruptedException {
    String key = Certificates.sha256(token.getBytes(StandardCharsets.UTF_8));
    Optional<Optional<User>> known = tokens.get(key);
    if (known.isPresent()) {
      return known.get();
    }
    try {
      Optional<User> user = userOf(api.post(PATH, review(token)).path("status"));
      tokens.put(key, user, user.isPresent() ? ACCEPTED : REFUSED);
      return user;
    } catch (KubeException e) {
      log.atWarn().addKeyValue("reason", e.getMessage()).log("a token cannot be reviewed");
      return Optional.empty();
    }
  }

  private static ObjectNode review(String token) {
    ObjectNode review = KubeJson.mapper().createObjectNode();
    review.put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenReview");
    review.putObject("spec").put("token", token);
    return review;
  }

  private static Optional<User> userOf(JsonNode status) {
    JsonNode user = status.path("user");
    String name = user.path("username").asText("");
    if (!status.path("authenticated").asBoolean(false) || name.isEmpty()) {
      return Optional.empty();
    }
    List<String> groups = texts(user.path("groups"));
    if (!groups.contains(User.AUTHENTICATED)) {
      groups.add(User.AUTHENTICATED);
    }
    Map<String, List<String>> extra = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : user.path("extra").properties()) {
      extra.put(each.getKey(), texts(each.getValue()));
    }
    return Optional.of(new User(name, user.path("uid").asText(""), groups, extra));
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(each.asText()));
    return texts;
  }
}
