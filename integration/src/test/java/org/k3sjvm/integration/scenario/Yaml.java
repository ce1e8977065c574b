package org.k3sjvm.integration.scenario;

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
}
