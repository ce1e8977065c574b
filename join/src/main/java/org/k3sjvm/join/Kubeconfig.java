package org.k3sjvm.join;

import java.net.URI;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Kubeconfigs as text: files are named by path, not copied in. Source: k3s v1.36.3
 * pkg/agent/config.
 */
final class Kubeconfig {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9/._-]+");

  private Kubeconfig() {}

  static String text(URI server, Path authority, Path certificate, Path key) {
    return """
    apiVersion: v1
    clusters:
    - cluster:
        certificate-authority: %s
        server: %s
      name: local
    contexts:
    - context:
        cluster: local
        namespace: default
        user: user
      name: Default
    current-context: Default
    kind: Config
    preferences: {}
    users:
    - name: user
      user:
        client-certificate: %s
        client-key: %s
    """
        .formatted(scalar(authority), server, scalar(certificate), scalar(key));
  }

  /** YAML reads a double-quoted scalar as JSON does; everyday paths need no quotes. */
  private static String scalar(Path path) {
    String text = path.toString();
    return PLAIN.matcher(text).matches()
        ? text
        : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
