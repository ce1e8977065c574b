package org.k3sjvm.server.api.access;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/**
 * Tokens of service accounts: JSON web tokens (RFC 7519) that name the account and, when bound, the
 * object that they end with. Source: kube-apiserver v1.32 pkg/serviceaccount.
 */
public final class ServiceAccountTokens implements Authenticator {
  private static final String CLAIMS = "kubernetes.io";
  private static final String SUBJECT = "system:serviceaccount:";
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
  private static final Base64.Decoder DECODER = Base64.getUrlDecoder();

  private final KeyPair key;
  private final String issuer;
  private final List<String> audiences;
  private final Registry registry;
  private final InstantSource clock;

  /**
   * Builds it.
   *
   * @param key signs and checks: RSA or EC P-256
   * @param audiences those of the API itself; tokens that ask for none get these
   */
  public ServiceAccountTokens(
      KeyPair key, String issuer, List<String> audiences, Registry registry, InstantSource clock) {
    this.key = key;
    this.issuer = issuer;
    this.audiences = List.copyOf(audiences);
    this.registry = registry;
    this.clock = clock;
  }

  /** A signed token and when it ends. */
  public record Issued(String token, Instant expires) {}

  /** What a token is bound to; its kind is Pod, Secret or Node. */
  public record Bound(Kind kind, String name, String uid) {}

  public String issuer() {
    return issuer;
  }

  public List<String> audiences() {
    return audiences;
  }

  public PublicKey publicKey() {
    return key.getPublic();
  }

  /** Signs a token for an account. */
  public Issued issue(
      ObjectNode account, Optional<ObjectNode> bound, List<String> wanted, Duration lifetime) {
    Instant now = clock.instant();
    Instant expires = now.plus(lifetime);
    ObjectNode claims = Trees.object();
    var list = claims.putArray("aud");
    (wanted.isEmpty() ? audiences : wanted).forEach(list::add);
    claims.put("exp", expires.getEpochSecond()).put("iat", now.getEpochSecond());
    claims.put("iss", issuer).put("jti", UUID.randomUUID().toString());
    ObjectNode own = claims.putObject(CLAIMS);
    own.put("namespace", Meta.namespace(account));
    bound.ifPresent(object -> bind(own, object));
    own.putObject("serviceaccount").put("name", Meta.name(account)).put("uid", Meta.uid(account));
    claims.put("nbf", now.getEpochSecond());
    claims.put("sub", SUBJECT + Meta.namespace(account) + ":" + Meta.name(account));
    return new Issued(sign(claims), expires);
  }

  private void bind(ObjectNode claims, ObjectNode object) {
    String kind = Trees.text(object, "kind");
    claims
        .putObject(kind.toLowerCase(java.util.Locale.ROOT))
        .put("name", Meta.name(object))
        .put("uid", Meta.uid(object));
    String node = Trees.text(object, "spec", "nodeName");
    if (kind.equals("Pod") && !node.isEmpty()) {
      ObjectNode named = claims.putObject("node").put("name", node);
      registry.find(Kinds.NODE, "", node).ifPresent(n -> named.put("uid", Meta.uid(n)));
    }
  }

  private boolean isEc() {
    return key.getPublic().getAlgorithm().equals("EC");
  }

  private Signature signature() throws GeneralSecurityException {
    return Signature.getInstance(isEc() ? "SHA256withECDSAinP1363Format" : "SHA256withRSA");
  }

  private String sign(ObjectNode claims) {
    ObjectNode head = Trees.object().put("alg", isEc() ? "ES256" : "RS256");
    head.put("kid", KeyIds.of(key.getPublic()));
    String text =
        ENCODER.encodeToString(Trees.bytes(head))
            + "."
            + ENCODER.encodeToString(Trees.bytes(claims));
    try {
      Signature signature = signature();
      signature.initSign(key.getPrivate());
      signature.update(text.getBytes(StandardCharsets.US_ASCII));
      return text + "." + ENCODER.encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the service account key does not sign", e);
    }
  }

  @Override
  public Optional<User> authenticate(Request request) {
    return Authenticator.bearer(request)
        .flatMap(token -> review(token, audiences))
        .map(Reviewed::user);
  }

  /**
   * A token that holds.
   *
   * @param audiences those of the token that were asked for
   */
  public record Reviewed(User user, List<String> audiences) {}

  /** Checks a token for any of some audiences; empty when it does not hold. */
  public Optional<Reviewed> review(String token, List<String> wanted) {
    return claims(token).flatMap(claims -> review(claims, wanted));
  }

  private Optional<JsonNode> claims(String token) {
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      return Optional.empty();
    }
    try {
      Signature signature = signature();
      signature.initVerify(key.getPublic());
      signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
      JsonNode head = Trees.MAPPER.readTree(DECODER.decode(parts[0]));
      boolean right =
          Trees.text(head, "alg").equals(isEc() ? "ES256" : "RS256")
              && signature.verify(DECODER.decode(parts[2]));
      return right
          ? Optional.of(Trees.MAPPER.readTree(DECODER.decode(parts[1])))
          : Optional.empty();
    } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private Optional<Reviewed> review(JsonNode claims, List<String> wanted) {
    long now = clock.instant().getEpochSecond();
    List<String> shared = new ArrayList<>(Trees.texts(claims, "aud"));
    shared.retainAll(wanted);
    boolean inTime = Trees.number(claims, "exp") > now && Trees.number(claims, "nbf") <= now + 10;
    if (!inTime || shared.isEmpty() || !Trees.text(claims, "iss").equals(issuer)) {
      return Optional.empty();
    }
    JsonNode own = Trees.at(claims, CLAIMS);
    String namespace = Trees.text(own, "namespace");
    JsonNode account = own.path("serviceaccount");
    boolean lives =
        isSame(Kinds.SERVICE_ACCOUNT, namespace, account)
            && (!own.has("pod") || isSame(Kinds.POD, namespace, own.path("pod")))
            && (!own.has("secret") || isSame(Kinds.SECRET, namespace, own.path("secret")));
    return lives
        ? Optional.of(new Reviewed(user(claims, own, namespace, account), shared))
        : Optional.empty();
  }

  private boolean isSame(Kind kind, String namespace, JsonNode reference) {
    return registry
        .find(kind, namespace, Trees.text(reference, "name"))
        .filter(object -> Meta.uid(object).equals(Trees.text(reference, "uid")))
        .isPresent();
  }

  private static User user(JsonNode claims, JsonNode own, String namespace, JsonNode account) {
    Map<String, List<String>> extra = new java.util.TreeMap<>();
    extra.put(
        "authentication.kubernetes.io/credential-id", List.of("JTI=" + Trees.text(claims, "jti")));
    for (String kind : new String[] {"pod", "node"}) {
      if (own.has(kind)) {
        String prefix = "authentication.kubernetes.io/" + kind + "-";
        extra.put(prefix + "name", List.of(Trees.text(own, kind, "name")));
        extra.put(prefix + "uid", List.of(Trees.text(own, kind, "uid")));
      }
    }
    return new User(
        SUBJECT + namespace + ":" + Trees.text(account, "name"),
        Trees.text(account, "uid"),
        List.of(
            "system:serviceaccounts", "system:serviceaccounts:" + namespace, User.AUTHENTICATED),
        extra);
  }
}
