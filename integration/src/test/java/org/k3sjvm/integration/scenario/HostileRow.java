package org.k3sjvm.integration.scenario;

import java.util.Optional;

/**
 * One pod of the hostile matrix.
 *
 * @param name of the pod; says what is wrong with it
 * @param spec its specification without what all have in common, in flow or block style
 * @param outcome what must be seen of it
 * @param refusal what the real API server says when it refuses such a pod
 */
record HostileRow(String name, String spec, Outcome outcome, Optional<String> refusal) {

  /** What a pod comes to. Texts are regular expressions that match anywhere. */
  sealed interface Outcome {
    /** It runs as if nothing were wrong. */
    record Runs() implements Outcome {}

    /** A container cannot start; its state, or that of its last run, says why. */
    record Stuck(String reason, String message) implements Outcome {}

    /** It waits; an event says for what. */
    record Told(String reason, String message) implements Outcome {}

    /** It ended. */
    record Ended(String phase, String reason) implements Outcome {}
  }

  static HostileRow row(String name, String spec, Outcome outcome) {
    return new HostileRow(name, spec, outcome, Optional.empty());
  }

  /** The real API server refuses it, so the node sees it only from one that does not look. */
  HostileRow refused(String text) {
    return new HostileRow(name, spec, outcome, Optional.of(text));
  }

  @Override
  public String toString() {
    return name.length() > 63 ? name.substring(0, 63) : name;
  }

  static Outcome runs() {
    return new Outcome.Runs();
  }

  static Outcome stuck(String reason, String message) {
    return new Outcome.Stuck(reason, message);
  }

  static Outcome told(String reason, String message) {
    return new Outcome.Told(reason, message);
  }

  static Outcome ended(String phase, String reason) {
    return new Outcome.Ended(phase, reason);
  }

  /** One container, named main, that sleeps, with further fields; a {@code command} takes over. */
  static String solo(String... fields) {
    return "containers: [" + container("main", fields) + "]";
  }

  /** An init container that prepares the ground. */
  static String init(String script, String... fields) {
    String[] all = java.util.Arrays.copyOf(fields, fields.length + 1);
    all[fields.length] = "command: [sh, -c, '" + script + "']";
    return "initContainers: [" + container("init", all) + "]";
  }

  static String container(String name, String... fields) {
    StringBuilder text =
        new StringBuilder(
            "{name: " + name + ", image: docker.io/library/busybox:1, imagePullPolicy: Never");
    boolean command = false;
    for (String field : fields) {
      if (field.startsWith("image:")) {
        text.setLength(0);
        text.append("{name: " + name + ", imagePullPolicy: Never");
      }
    }
    for (String field : fields) {
      command |= field.startsWith("command:");
      text.append(", ").append(field);
    }
    return text.append(command ? "}" : ", command: [sleep, '100000']}").toString();
  }

  /** The whole object. */
  String yaml(String node) {
    return """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, labels: {matrix: hostile}}
        spec:
          nodeName: %s
          terminationGracePeriodSeconds: 1
          automountServiceAccountToken: false
          enableServiceLinks: false
        %s
        """
        .formatted(name, node, spec.indent(2));
  }
}
