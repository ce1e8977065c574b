package org.k3sjvm.containerd.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.yaml.PlainYaml;
import org.k3sjvm.containerd.ContainerdException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads {@code registries.yaml}. Keys that are not known are passed over.
 *
 * <p>Source: rancher/wharfie pkg/registries.
 */
public final class RegistriesFile {
  private final Path file;

  private RegistriesFile(Path file) {
    this.file = file;
  }

  /**
   * The registries of a file; none when it does not exist.
   *
   * @throws ContainerdException.BadConfiguration when it is not what it should be
   */
  public static Registries read(Path file) {
    try {
      Optional<String> text = AtomicFiles.read(file);
      return text.isEmpty() ? Registries.NONE : new RegistriesFile(file).parse(text.get());
    } catch (IOException e) {
      throw new ContainerdException.BadConfiguration(
          "cannot read " + file + ": " + e + "; make it readable for root", e);
    }
  }

  private Registries parse(String text) {
    @Nullable Object document;
    try {
      document = PlainYaml.load(text);
    } catch (YAMLException e) {
      throw bad("it is not YAML: " + e.getMessage());
    }
    Map<String, @Nullable Object> top = map(document, "the file");
    Map<String, Registries.Mirror> mirrors = new LinkedHashMap<>();
    map(top.get("mirrors"), "mirrors")
        .forEach((host, value) -> mirrors.put(host, mirror(host, value)));
    Map<String, Registries.RegistryConfig> configs = new LinkedHashMap<>();
    map(top.get("configs"), "configs")
        .forEach((host, value) -> configs.put(host, config(host, value)));
    return new Registries(mirrors, configs);
  }

  private Registries.Mirror mirror(String host, @Nullable Object value) {
    String where = "mirrors." + host;
    Map<String, @Nullable Object> fields = map(value, where);
    List<String> endpoints = new ArrayList<>();
    if (fields.get("endpoint") instanceof List<?> list) {
      list.forEach(entry -> endpoints.add(scalar(entry, where + ".endpoint")));
    } else if (fields.get("endpoint") != null) {
      throw bad(where + ".endpoint is not a list");
    }
    Map<String, String> rewrites = new LinkedHashMap<>();
    map(fields.get("rewrite"), where + ".rewrite")
        .forEach((from, to) -> rewrites.put(from, scalar(to, where + ".rewrite")));
    return new Registries.Mirror(endpoints, rewrites);
  }

  private Registries.RegistryConfig config(String host, @Nullable Object value) {
    String where = "configs." + host;
    Map<String, @Nullable Object> fields = map(value, where);
    Map<String, @Nullable Object> auth = map(fields.get("auth"), where + ".auth");
    Map<String, @Nullable Object> tls = map(fields.get("tls"), where + ".tls");
    RegistryLogin login =
        new RegistryLogin(
            text(auth, "username", where),
            new Secret(text(auth, "password", where)),
            new Secret(text(auth, "auth", where)),
            new Secret(text(auth, "identity_token", where)));
    return new Registries.RegistryConfig(
        login.isEmpty() ? Optional.empty() : Optional.of(login),
        new RegistryTls(
            text(tls, "ca_file", where),
            text(tls, "cert_file", where),
            text(tls, "key_file", where),
            flag(tls, "insecure_skip_verify", where)));
  }

  private Map<String, @Nullable Object> map(@Nullable Object value, String where) {
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> entries) {
      entries.forEach((key, entry) -> result.put(String.valueOf(key), entry));
    } else if (value != null) {
      throw bad(where + " is not a map");
    }
    return result;
  }

  private String text(Map<String, @Nullable Object> fields, String key, String where) {
    Object value = fields.get(key);
    return value == null ? "" : scalar(value, where + "." + key);
  }

  private boolean flag(Map<String, @Nullable Object> fields, String key, String where) {
    Object value = fields.get(key);
    if (value == null) {
      return false;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw bad(where + "." + key + " is not true or false");
  }

  private String scalar(@Nullable Object value, String where) {
    if (value == null || value instanceof Map<?, ?> || value instanceof List<?>) {
      throw bad(where + " is not a text");
    }
    return value.toString();
  }

  private ContainerdException bad(String detail) {
    return new ContainerdException.BadConfiguration(
        "cannot use " + file + ": " + detail + "; correct it or remove the file", null);
  }
}
