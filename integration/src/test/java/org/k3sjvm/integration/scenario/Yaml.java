package org.k3sjvm.integration.scenario;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Objects as text. */
final class Yaml {
  private Yaml() {}

  /** A pod of one busybox container that runs a line of shell and is Ready at once. */
  static String pod(String name, String script) {
    return pod(name, "", script);
  }

  /**
   * The same.
   *
   * @param node where it runs; empty for anywhere
   */
  static String pod(String name, String node, String script) {
    return """
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, labels: {app: %s}}
    spec:
      %s
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: docker.io/library/busybox:1
        imagePullPolicy: IfNotPresent
        stdin: true
        command: [sh, -c, '%s']
    """
        .formatted(
            name, name, node.isEmpty() ? "" : "nodeName: " + node, script.replace("'", "''"));
  }

  /** The same with the programs of the machine, among them curl, getent and perl. */
  static String toolPod(String name, String node, String script) {
    StringBuilder mounts = new StringBuilder();
    StringBuilder volumes = new StringBuilder();
    for (String directory : List.of("usr", "lib", "lib64")) {
      if (Files.isDirectory(Path.of("/", directory))) {
        mounts.append(
            "    - {name: %1$s, mountPath: /%1$s, readOnly: true}\n".formatted(directory));
        volumes.append("  - {name: %1$s, hostPath: {path: /%1$s}}\n".formatted(directory));
      }
    }
    return pod(name, node, "export PATH=/bin:/usr/bin; " + script)
        + "    volumeMounts:\n"
        + mounts
        + "  volumes:\n"
        + volumes;
  }
}
