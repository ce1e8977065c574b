package org.k3sjvm.kube;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.yaml.PlainYaml;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads kubeconfig files: the current context with certificates, keys and a token, inline or by
 * path. Source: client-go v0.36 tools/clientcmd/api/v1.
 */
public final class Kubeconfig {
  private final Path file;

  private Kubeconfig(Path file) {
    this.file = file;
  }

  /**
   * The credentials of the current context.
   *
   * @throws IllegalArgumentException when the file cannot be read or used; the message names it
   */
  public static KubeCredentials read(Path file) {
    try {
      return new Kubeconfig(file).parse(Files.readString(file));
    } catch (IOException | PkiException | YAMLException e) {
      throw new IllegalArgumentException(
          "cannot use the kubeconfig " + file + ": " + e.getMessage(), e);
    }
  }

  private KubeCredentials parse(String text) throws IOException {
    Object root = Objects.requireNonNullElse(PlainYaml.load(text), Map.of());
    String current = text(root, "current-context").orElseThrow(() -> lacks("current-context"));
    Object context = named(root, "contexts", current, "context");
    Object cluster = named(root, "clusters", text(context, "cluster").orElse(""), "cluster");
    Object user = named(root, "users", text(context, "user").orElse(""), "user");
    List<X509Certificate> trusted =
        pem(cluster, "certificate-authority").map(Certificates::parse).orElse(List.of());
    Optional<String> certificate = pem(user, "client-certificate");
    Optional<String> key = pem(user, "client-key");
    Optional<TlsIdentity> identity =
        certificate.isPresent() && key.isPresent()
            ? Optional.of(
                new TlsIdentity(
                    Certificates.parse(certificate.get()), Keys.parsePrivate(key.get())))
            : Optional.empty();
    return new KubeCredentials(
        URI.create(text(cluster, "server").orElseThrow(() -> lacks("server"))),
        trusted,
        identity,
        text(user, "token").map(Secret::new));
  }

  private Object named(Object root, String list, String name, String part) {
    if (root instanceof Map<?, ?> map && map.get(list) instanceof List<?> entries) {
      for (Object entry : entries) {
        if (text(entry, "name").equals(Optional.of(name))
            && entry instanceof Map<?, ?> found
            && found.get(part) instanceof Map<?, ?> value) {
          return value;
        }
      }
    }
    throw lacks(list + " entry '" + name + "'");
  }

  private Optional<String> pem(Object section, String key) throws IOException {
    Optional<String> inline = text(section, key + "-data");
    if (inline.isPresent()) {
      return Optional.of(
          new String(Base64.getMimeDecoder().decode(inline.get()), StandardCharsets.UTF_8));
    }
    Optional<String> path = text(section, key);
    return path.isEmpty()
        ? Optional.empty()
        : Optional.of(Files.readString(file.resolveSibling(path.get())));
  }

  private IllegalArgumentException lacks(String what) {
    return new IllegalArgumentException("the kubeconfig " + file + " has no " + what);
  }

  private static Optional<String> text(Object section, String key) {
    return section instanceof Map<?, ?> map && map.get(key) instanceof String value
        ? Optional.of(value)
        : Optional.empty();
  }
}
