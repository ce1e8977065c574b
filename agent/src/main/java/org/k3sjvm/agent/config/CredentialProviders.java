package org.k3sjvm.agent.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.time.GoDurations;
import org.k3sjvm.base.yaml.PlainYaml;
import org.k3sjvm.kubelet.image.CredentialProvider;
import org.k3sjvm.kubelet.image.CredentialProvider.TokenAttributes;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Programs that know registry logins, as a {@code CredentialProviderConfig} lists them.
 *
 * <p>Source: kubelet v1.36 pkg/credentialprovider/plugin/config.go.
 *
 * @param directory of the programs
 * @param providers at least one, in the order they are asked
 */
public record CredentialProviders(Path directory, List<CredentialProvider> providers) {
  /** Source: k3s v1.36 pkg/cli/cmds/agent.go. */
  static final Path DEFAULT_DIRECTORY = Path.of("/var/lib/rancher/credentialprovider/bin");

  static final Path DEFAULT_CONFIG = Path.of("/var/lib/rancher/credentialprovider/config.yaml");

  private static final Set<String> VERSIONS =
      Set.of(
          "kubelet.config.k8s.io/v1",
          "kubelet.config.k8s.io/v1beta1",
          "kubelet.config.k8s.io/v1alpha1");

  private static final long LARGEST = 1 << 20;

  public CredentialProviders {
    providers = List.copyOf(providers);
  }

  /**
   * Reads a file, or the {@code .json}, {@code .yaml} and {@code .yml} files of a directory by
   * name.
   *
   * @return empty when directory or configuration do not exist, as in k3s
   * @throws UsageException when the configuration is bad; the message names the file, and shows no
   *     values of environment variables
   */
  static Optional<CredentialProviders> read(Path directory, Path config) {
    if (!Files.isDirectory(directory) || !Files.exists(config)) {
      return Optional.empty();
    }
    List<CredentialProvider> all = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Path file : files(config)) {
      for (CredentialProvider provider : providers(file)) {
        if (!names.add(provider.name())) {
          throw bad(file, "provider \"" + provider.name() + "\" is there twice");
        }
        if (!Files.isExecutable(directory.resolve(provider.name()))) {
          throw bad(file, "there is no program " + directory.resolve(provider.name()));
        }
        all.add(provider);
      }
    }
    return Optional.of(new CredentialProviders(directory, all));
  }

  private static List<Path> files(Path config) {
    if (!Files.isDirectory(config)) {
      return List.of(config);
    }
    try (Stream<Path> all = Files.list(config)) {
      List<Path> files =
          all.filter(f -> f.getFileName().toString().matches(".*\\.(json|yaml|yml)"))
              .filter(f -> !Files.isDirectory(f))
              .sorted()
              .toList();
      if (files.isEmpty()) {
        throw bad(config, "the directory has no .json, .yaml or .yml files");
      }
      return files;
    } catch (IOException e) {
      throw bad(config, "cannot be read: " + e.getMessage());
    }
  }

  private static List<CredentialProvider> providers(Path file) {
    Fields root = new Fields(file, "the file", load(file));
    if (!root.text("kind").equals("CredentialProviderConfig")
        || !VERSIONS.contains(root.text("apiVersion"))) {
      throw bad(file, "it is not a CredentialProviderConfig of kubelet.config.k8s.io/v1");
    }
    List<CredentialProvider> all = new ArrayList<>();
    for (Object item : root.list("providers")) {
      all.add(provider(new Fields(file, "a provider", item)));
    }
    root.end();
    if (all.isEmpty()) {
      throw bad(file, "it lists no providers");
    }
    return all;
  }

  private static CredentialProvider provider(Fields fields) {
    Map<String, String> environment = new LinkedHashMap<>();
    for (Object item : fields.list("env")) {
      Fields variable = new Fields(fields.file, "an env entry", item);
      environment.put(variable.text("name"), variable.text("value"));
      variable.end();
    }
    String name = fields.text("name");
    List<String> images = fields.texts("matchImages");
    String keep = fields.text("defaultCacheDuration");
    String version = fields.text("apiVersion");
    List<String> args = fields.texts("args");
    Optional<Object> attributes = fields.take("tokenAttributes");
    fields.end();
    try {
      return new CredentialProvider(
          name,
          images,
          keep.isEmpty() ? missing("defaultCacheDuration") : GoDurations.parse(keep),
          version,
          args,
          environment,
          attributes.map(a -> attributes(new Fields(fields.file, "tokenAttributes", a))));
    } catch (IllegalArgumentException e) {
      throw bad(fields.file, String.valueOf(e.getMessage()));
    }
  }

  private static TokenAttributes attributes(Fields fields) {
    String cacheType = fields.text("cacheType");
    if (!Set.of("ServiceAccount", "Token").contains(cacheType)) {
      throw new IllegalArgumentException(
          "tokenAttributes need a cacheType, ServiceAccount or Token");
    }
    TokenAttributes attributes =
        new TokenAttributes(
            fields.text("serviceAccountTokenAudience"),
            fields.flag("requireServiceAccount"),
            cacheType.equals("Token"),
            fields.texts("requiredServiceAccountAnnotationKeys"),
            fields.texts("optionalServiceAccountAnnotationKeys"));
    fields.end();
    return attributes;
  }

  private static Duration missing(String field) {
    throw new IllegalArgumentException(field + " is required");
  }

  private static @Nullable Object load(Path file) {
    try {
      if (Files.size(file) > LARGEST) {
        throw bad(file, "it is larger than 1 MiB");
      }
      return PlainYaml.load(Files.readString(file));
    } catch (IOException e) {
      throw bad(file, "cannot be read: " + e.getMessage());
    } catch (MarkedYAMLException e) { // the whole message would show a part of the file
      throw bad(file, "line " + (e.getProblemMark().getLine() + 1) + ": " + e.getProblem());
    } catch (YAMLException _) {
      throw bad(file, "it is not YAML");
    }
  }

  private static UsageException bad(Path file, String why) {
    return new UsageException("--image-credential-provider-config: " + file + ": " + why);
  }

  /** The fields of one object; those that nobody asked for are errors at {@link #end}. */
  private static final class Fields {
    private final Path file;
    private final String what;
    private final Map<String, Object> left = new LinkedHashMap<>();

    Fields(Path file, String what, @Nullable Object from) {
      this.file = file;
      this.what = what;
      if (!(from instanceof Map<?, ?> map)) {
        throw bad(file, what + " must be an object");
      }
      map.forEach(
          (key, value) -> {
            if (value != null) {
              left.put(String.valueOf(key), value);
            }
          });
    }

    Optional<Object> take(String name) {
      return Optional.ofNullable(left.remove(name));
    }

    String text(String name) {
      return take(name).map(v -> text(name, v)).orElse("");
    }

    boolean flag(String name) {
      Object value =
          take(name).orElseThrow(() -> bad(file, what + " needs " + name + ": true or false"));
      if (value instanceof Boolean on) {
        return on;
      }
      throw bad(file, name + " must be true or false");
    }

    List<?> list(String name) {
      Object value = take(name).orElse(List.of());
      if (value instanceof List<?> list) {
        return list;
      }
      throw bad(file, name + " must be a list");
    }

    List<String> texts(String name) {
      return list(name).stream().map(v -> text(name, v)).toList();
    }

    private String text(String name, @Nullable Object value) {
      if (value instanceof String text) {
        return text;
      }
      throw bad(file, name + " must be text; quotes may be missing");
    }

    void end() {
      if (!left.isEmpty()) {
        throw bad(file, what + " has unknown fields: " + String.join(", ", left.keySet()));
      }
    }
  }
}
