package org.k3sjvm.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.kubelet.image.CredentialProvider;

class CredentialProvidersTest {
  private static final String HEAD =
      "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n";
  private static final String PROVIDER =
      """
      - name: ecr
        matchImages: ['*.dkr.ecr.*.amazonaws.com']
        defaultCacheDuration: 12h
        apiVersion: credentialprovider.kubelet.k8s.io/v1
      """;

  @TempDir Path directory;

  private List<CredentialProvider> read(String text) throws IOException {
    Path program = directory.resolve("ecr");
    if (!Files.exists(program)) {
      Files.createFile(program);
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }
    Path file = Files.writeString(directory.resolve("config.yaml"), text);
    return CredentialProviders.read(directory, file).orElseThrow().providers();
  }

  @Test
  void everyFieldIsRead() throws IOException {
    CredentialProvider provider =
        read(HEAD
                + PROVIDER
                + """
                  args: [get, --verbose]
                  env:
                  - {name: AWS_PROFILE, value: p}
                  tokenAttributes:
                    serviceAccountTokenAudience: aud
                    cacheType: Token
                    requireServiceAccount: true
                    requiredServiceAccountAnnotationKeys: [r]
                    optionalServiceAccountAnnotationKeys: [o]
                """)
            .getFirst();

    assertThat(provider.name()).isEqualTo("ecr");
    assertThat(provider.matchImages()).containsExactly("*.dkr.ecr.*.amazonaws.com");
    assertThat(provider.defaultCacheDuration()).isEqualTo(Duration.ofHours(12));
    assertThat(provider.args()).containsExactly("get", "--verbose");
    assertThat(provider.environment()).isEqualTo(Map.of("AWS_PROFILE", "p"));
    assertThat(provider.tokenAttributes())
        .contains(
            new CredentialProvider.TokenAttributes("aud", true, true, List.of("r"), List.of("o")));
  }

  @Test
  void aDirectorysFilesAddUpInOrder() throws IOException {
    read(HEAD + PROVIDER);
    Path all = Files.createDirectory(directory.resolve("all"));
    Files.writeString(all.resolve("b.yml"), HEAD + PROVIDER);
    Files.writeString(all.resolve("ignored.txt"), "rubbish");
    assertThat(CredentialProviders.read(directory, all).orElseThrow().providers()).hasSize(1);

    Files.writeString(all.resolve("a.yaml"), HEAD + PROVIDER);
    assertThatThrownBy(() -> CredentialProviders.read(directory, all))
        .hasMessageContaining("b.yml: provider \"ecr\" is there twice");
  }

  @Test
  void withoutDirectoryOrConfigurationThereAreNone() throws IOException {
    Path file = Files.writeString(directory.resolve("c.yaml"), "rubbish");
    assertThat(CredentialProviders.read(directory.resolve("none"), file)).isEmpty();
    assertThat(CredentialProviders.read(directory, directory.resolve("none"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "name: ecr | name: gone | there is no program",
        "name: ecr | name: ../ecr | name must be that of a file",
        "12h | never | not a duration",
        "12h | -1h | must not be negative",
        "  defaultCacheDuration: 12h | | defaultCacheDuration is required",
        "matchImages: ['*.dkr.ecr.*.amazonaws.com'] | matchImages: [] | matchImages needs",
        "matchImages: | matchImage: | unknown fields: matchImage",
        "credentialprovider.kubelet.k8s.io/v1 | v2 | apiVersion must be one of",
        "kind: CredentialProviderConfig | kind: Pod | it is not a CredentialProviderConfig",
        "- name: ecr | '  name: ecr' | providers must be a list",
        "- name: ecr | - name: 7 | name must be text",
        "- name: ecr | - [hunter2 | line"
      })
  void whatIsWrongIsSaid(String from, String to, String why) {
    String text = (HEAD + PROVIDER).replace(from, to == null ? "" : to);
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith("--image-credential-provider-config: " + directory)
        .hasMessageContaining(why)
        .message()
        .doesNotContain("hunter2");
  }
}
