package org.k3sjvm.integration.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.k3sjvm.integration.lab.LabException;

/**
 * Pods of many kinds whose containers note that they began, so that a second beginning shows.
 *
 * @param node where they run
 * @param starts a directory of the host that takes the notes, one file for each container
 */
record MixedPods(String node, Path starts) {
  static final String OBJECTS =
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: mixed}
      data: {a: b}
      ---
      apiVersion: v1
      kind: Secret
      metadata: {name: mixed}
      stringData: {a: b}
      ---
      """;

  private static final String STAY = "trap exit TERM; while true; do sleep 1 & wait; done";
  private static final int KINDS = 9;

  /** Whether the pod ends by itself. */
  static boolean ends(int number) {
    return number % KINDS == 8;
  }

  String name(String group, int number) {
    return group + "-" + number;
  }

  /** One pod; the kinds go round with the number. */
  String yaml(String group, int number) {
    String name = name(group, number);
    return """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, labels: {group: %s}}
        spec:
          nodeName: %s
          terminationGracePeriodSeconds: 2
          volumes:
          - {name: starts, hostPath: {path: %s}}
          - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
          - {name: disk, emptyDir: {}}
          - {name: config, configMap: {name: mixed}}
          - {name: secret, secret: {secretName: mixed}}
        %s
        """
        .formatted(name, group, node, starts, kind(name, number % KINDS).indent(2));
  }

  private String kind(String pod, int kind) {
    return switch (kind) {
      case 0 -> containers(container(pod, "main", STAY, "", ""));
      case 1 ->
          init(
                  container(pod, "one", "sleep 0.3", "", ""),
                  container(pod, "two", "touch /memory/x", mount("memory"), ""))
              + containers(container(pod, "main", STAY, mount("memory"), ""));
      case 2 ->
          init(container(pod, "side", STAY, "", "restartPolicy: Always"))
              + containers(container(pod, "main", STAY, "", ""));
      case 3 -> containers(container(pod, "main", STAY, mount("config") + mount("secret"), ""));
      case 4 ->
          containers(
              container(
                  pod,
                  "main",
                  STAY,
                  "",
                  "readinessProbe: {periodSeconds: 1, timeoutSeconds: 10, exec: {command: [test,"
                      + " -d, /starts]}}"));
      case 5 ->
          containers(
              container(
                  pod,
                  "main",
                  STAY,
                  "",
                  "lifecycle: {postStart: {exec: {command: [sleep, '0.3']}}, preStop: {exec:"
                      + " {command: [sleep, '0.3']}}}"));
      case 6 -> "hostNetwork: true\n" + containers(container(pod, "main", STAY, "", ""));
      case 7 ->
          containers(
              container(pod, "main", STAY, mount("disk"), ""),
              container(pod, "part", STAY, ", {name: disk, mountPath: /part, subPath: p/q}", ""),
              container(pod, "third", STAY, "", ""));
      default -> "restartPolicy: Never\n" + containers(container(pod, "main", "sleep 0.5", "", ""));
    };
  }

  private static String containers(String... all) {
    return "containers: [" + String.join(", ", all) + "]\n";
  }

  private static String init(String... all) {
    return "initContainers: [" + String.join(", ", all) + "]\n";
  }

  private static String mount(String volume) {
    return ", {name: " + volume + ", mountPath: /" + volume + "}";
  }

  private static String container(
      String pod, String name, String script, String mounts, String field) {
    return HostileRow.container(
        name,
        "command: [sh, -c, 'echo began >> /starts/" + pod + "." + name + "; " + script + "']",
        "volumeMounts: [{name: starts, mountPath: /starts}"
            + mounts
            + "]"
            + (field.isEmpty() ? "" : ", " + field));
  }

  /** Containers that began more than once. */
  List<String> beganAgain() {
    List<String> again = new ArrayList<>();
    try (Stream<Path> notes = Files.list(starts)) {
      for (Path note : notes.toList()) {
        int times = Files.readAllLines(note).size();
        if (times != 1) {
          again.add(note.getFileName() + " began " + times + " times");
        }
      }
    } catch (IOException e) {
      throw new LabException("cannot read " + starts, e);
    }
    return again;
  }
}
