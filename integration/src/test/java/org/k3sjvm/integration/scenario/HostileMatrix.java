package org.k3sjvm.integration.scenario;

import static org.k3sjvm.integration.scenario.HostileRow.container;
import static org.k3sjvm.integration.scenario.HostileRow.ended;
import static org.k3sjvm.integration.scenario.HostileRow.init;
import static org.k3sjvm.integration.scenario.HostileRow.row;
import static org.k3sjvm.integration.scenario.HostileRow.runs;
import static org.k3sjvm.integration.scenario.HostileRow.solo;
import static org.k3sjvm.integration.scenario.HostileRow.stuck;
import static org.k3sjvm.integration.scenario.HostileRow.told;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Pods that mean harm or make no sense, and what must become of each. {@code BAIT} in a row is a
 * directory of the host that no pod may touch or read.
 */
final class HostileMatrix {
  /** What a container shows whose start the runtime or the kernel refused. */
  private static final String NOT_STARTED =
      "CreateContainerError|RunContainerError|StartError|CrashLoopBackOff";

  private static final String EMPTY = "volumes: [{name: v, emptyDir: {}}]\n";
  private static final String MOUNTED = "volumeMounts: [{name: v, mountPath: /v}]";
  private static final String PART = "volumeMounts: [{name: v, mountPath: /m, subPath: %s}]";
  private static final String PART_BY =
      "volumeMounts: [{name: v, mountPath: /m, subPathExpr: $(X)}], env: [{name: X, value: '%s'}]";
  private static final String ESCAPE = "../../../../../../../../../..";

  /** The top of whoever follows it. Source: proc(5). */
  private static final String KERNELS_LINK = "/proc/self/root";

  private HostileMatrix() {}

  /** All, or those whose names match {@code -Dhostile.rows=REGEX}. */
  static List<HostileRow> rows() {
    return Stream.of(
            paths(),
            mounts(),
            environment(),
            volumes(),
            resources(),
            names(),
            handlers(),
            programs(),
            security())
        .flatMap(List::stream)
        .filter(row -> row.name().matches(System.getProperty("hostile.rows", ".*")))
        .toList();
  }

  private static List<HostileRow> paths() {
    return List.of(
        row(
                "dots-in-subpath",
                EMPTY + solo(PART.formatted(ESCAPE + "BAIT")),
                stuck("CreateContainerConfigError", "must not contain '..'"))
            .refused("must not contain '..'"),
        row(
            "dots-in-subpath-by-variable",
            EMPTY + solo(PART_BY.formatted(ESCAPE + "BAIT")),
            stuck("CreateContainerConfigError", "must not contain '..'")),
        row(
            "absolute-subpath-by-variable",
            EMPTY + solo(PART_BY.formatted("BAIT")),
            stuck("CreateContainerConfigError", "must not be an absolute path")),
        row(
                "dots-in-path-of-item",
                "volumes: [{name: v, configMap: {name: some, items: [{key: a, path: ../../x}]}}]\n"
                    + solo(MOUNTED),
                told("FailedMount", "invalid path: ../../x"))
            .refused("must not contain '..'"),
        row(
                "absolute-path-of-item",
                "volumes: [{name: v, configMap: {name: some, items: [{key: a, path: BAIT/x}]}}]\n"
                    + solo(MOUNTED),
                told("FailedMount", "invalid path: .*/x"))
            .refused("must be a relative path"),
        row(
                "dots-in-path-of-field",
                "volumes: [{name: v, downwardAPI: {items: [{path: ../x, fieldRef: {fieldPath:"
                    + " metadata.name}}]}}]\n"
                    + solo(MOUNTED),
                told("FailedMount", "invalid path: ../x"))
            .refused("must not contain '..'"),
        row(
            "link-out-of-volume",
            EMPTY + init("ln -s BAIT /v/out", MOUNTED) + "\n" + solo(PART.formatted("out")),
            stuck("CreateContainerConfigError", "failed to prepare subPath")),
        row(
            "link-out-of-volume-to-something-new",
            EMPTY
                + init("ln -s BAIT /v/out", MOUNTED)
                + "\n"
                + solo(PART.formatted("out/made/here")),
            stuck("CreateContainerConfigError", "failed to prepare subPath")),
        row(
            "link-above-volume",
            EMPTY
                + init("ln -s " + ESCAPE + "BAIT /v/out", MOUNTED)
                + "\n"
                + solo(PART.formatted("out")),
            stuck("CreateContainerConfigError", "failed to prepare subPath")),
        row(
            "link-to-nowhere",
            EMPTY + init("ln -s BAIT/none /v/out", MOUNTED) + "\n" + solo(PART.formatted("out/x")),
            stuck("CreateContainerConfigError", "failed to prepare subPath")),
        row(
            "link-through-proc",
            EMPTY
                + init("ln -s " + KERNELS_LINK + "BAIT /v/out", MOUNTED)
                + "\n"
                + solo(PART.formatted("out")),
            stuck("CreateContainerConfigError", "failed to prepare subPath")),
        row(
            "link-to-itself",
            EMPTY + init("ln -s out /v/out", MOUNTED) + "\n" + solo(PART.formatted("out/x")),
            stuck("CreateContainerConfigError", "failed to prepare subPath")),
        row(
            "link-inside-volume",
            EMPTY
                + init("mkdir /v/real; ln -s real /v/in", MOUNTED)
                + "\n"
                + solo(PART.formatted("in")),
            runs()));
  }

  private static List<HostileRow> mounts() {
    return List.of(
        row("mount-over-root", EMPTY + solo(at("/")), stuck(NOT_STARTED, "")),
        row("mount-over-proc", EMPTY + solo(at("/proc")), stuck(NOT_STARTED, "/proc")),
        row("mount-with-dots", EMPTY + solo(at(ESCAPE + "BAIT/m")), runs()),
        row("last-words-in-a-directory", solo("terminationMessagePath: /tmp"), startFails()),
        row("last-words-at-root", solo("terminationMessagePath: /"), startFails()),
        row(
            "last-words-with-dots",
            solo("terminationMessagePath: " + ESCAPE + "BAIT/words"),
            runs()),
        row(
            "last-words-in-a-pipe",
            "restartPolicy: Never\n"
                + EMPTY
                + init("mkfifo /v/pipe", MOUNTED)
                + "\ncontainers: ["
                + IntStream.range(0, 4)
                    .mapToObj(
                        i ->
                            container(
                                "c" + i,
                                "command: ['true']",
                                "volumeMounts: [{name: v, mountPath: /dev/termination-log, subPath:"
                                    + " pipe}]"))
                    .collect(Collectors.joining(", "))
                + "]",
            ended("Succeeded", "")),
        row(
                "two-volumes-at-one-place",
                "volumes: [{name: v, emptyDir: {}}, {name: w, emptyDir: {}}]\n"
                    + solo("volumeMounts: [{name: v, mountPath: /m}, {name: w, mountPath: /m}]"),
                runs())
            .refused("must be unique"));
  }

  private static String at(String path) {
    return "volumeMounts: [{name: v, mountPath: " + path + "}]";
  }

  private static HostileRow.Outcome startFails() {
    return stuck(NOT_STARTED, "");
  }

  private static List<HostileRow> environment() {
    String kilo100 = "x".repeat(100_000);
    String big =
        IntStream.range(0, 12)
            .mapToObj(i -> "{name: X" + i + ", value: " + kilo100 + "}")
            .collect(Collectors.joining(", "));
    return List.of(
        row("environment-of-a-megabyte", solo("env: [" + big + "]"), runs()),
        row(
            "variable-longer-than-linux-takes",
            solo("env: [{name: X, value: " + kilo100 + kilo100 + "}]"),
            stuck("Error|" + NOT_STARTED, "")),
        row(
            "environment-over-arg-max",
            solo(
                "envFrom: [{prefix: A, configMapRef: {name: big}}, {prefix: B, configMapRef: {name:"
                    + " big}}, {prefix: C, configMapRef: {name: big}}]"),
            stuck("Error|" + NOT_STARTED, "")),
        row(
            "variable-with-a-zero-byte",
            solo("env: [{name: X, value: \"a\\0b\"}]"),
            stuck(NOT_STARTED, "")),
        row(
            "variable-from-nothing",
            solo("env: [{name: X, valueFrom: {configMapKeyRef: {name: none, key: a}}}]"),
            stuck("CreateContainerConfigError", "configmap \"none\" not found")),
        row(
                "variable-from-an-unknown-field",
                solo("env: [{name: X, valueFrom: {fieldRef: {fieldPath: metadata.nothing}}}]"),
                stuck("CreateContainerConfigError", "metadata.nothing"))
            .refused("error converting fieldPath"),
        row(
            "variable-in-a-circle",
            solo("env: [{name: X, value: $(W)}, {name: W, value: $(X)$(W)$(Z)}]"),
            runs()));
  }

  private static List<HostileRow> volumes() {
    return List.of(
        row("thousand-volumes", thousandVolumes(), runs()),
        row(
            "driver-that-is-not-there",
            "volumes: [{name: v, csi: {driver: no.such.driver}}]\n" + solo(MOUNTED),
            told("FailedMount", "v")),
        row(
            "volume-of-no-known-kind",
            "volumes: [{name: v, frobnicate: {}}]\n" + solo(MOUNTED),
            runs()),
        row("host-file-as-directory", onHost("BAIT/file", "Directory"), mismatch("a directory")),
        row("host-directory-as-file", onHost("BAIT", "File"), mismatch("a file")),
        row("host-file-as-socket", onHost("BAIT/file", "Socket"), mismatch("a socket file")),
        row("host-file-as-device", onHost("BAIT/file", "CharDevice"), mismatch("a character")),
        row("host-file-as-disk", onHost("BAIT/file", "BlockDevice"), mismatch("a block device")),
        row("host-nothing-as-directory", onHost("BAIT/none", "Directory"), mismatch("a directory")),
        row(
            "host-directory-to-make-is-file",
            onHost("BAIT/file", "DirectoryOrCreate"),
            mismatch("")),
        row(
            "host-directory-below-a-file",
            onHost("BAIT/file/below", "DirectoryOrCreate"),
            told("FailedMount", "Not a directory")),
        row(
                "host-path-with-dots",
                onHost("BAIT/../BAIT", "Directory"),
                told("FailedMount", "must not contain '..'"))
            .refused("must not contain '..'"),
        row(
                "host-path-of-no-known-type",
                onHost("BAIT", "Frob"),
                told("FailedMount", "Frob is an invalid volume type"))
            .refused("Unsupported value"),
        row(
            "host-path-with-a-zero-byte",
            "volumes: [{name: v, hostPath: {path: \"/tmp/a\\0b\"}}]\n" + solo(MOUNTED),
            told("FailedMount", "v")));
  }

  private static String onHost(String path, String type) {
    return "volumes: [{name: v, hostPath: {path: %s, type: %s}}]\n".formatted(path, type)
        + solo(MOUNTED);
  }

  private static HostileRow.Outcome mismatch(String what) {
    return told("FailedMount", "hostPath type check failed: .* is not " + what);
  }

  private static String thousandVolumes() {
    StringBuilder volumes = new StringBuilder("volumes: [");
    StringBuilder mounts = new StringBuilder("volumeMounts: [");
    for (int i = 0; i < 1000; i++) {
      String source =
          switch (i % 4) {
            case 0, 1 -> "configMap: {name: some}";
            case 2 -> "emptyDir: {}";
            default -> i % 40 == 3 ? "secret: {secretName: some}" : "configMap: {name: some}";
          };
      volumes.append("{name: v%d, %s},".formatted(i, source));
      mounts.append("{name: v%d, mountPath: /v%d},".formatted(i, i));
    }
    return volumes + "]\n" + solo(mounts + "]");
  }

  private static List<HostileRow> resources() {
    return List.of(
        row(
                "asks-for-more-than-its-limit",
                solo("resources: {requests: {cpu: 2m}, limits: {cpu: 1m}}"),
                runs())
            .refused("must be less than or equal to cpu limit"),
        row("asks-for-less-than-nothing", solo("resources: {requests: {cpu: -1}}"), runs())
            .refused("must be greater than or equal to 0"),
        row("asks-for-no-quantity", solo("resources: {requests: {cpu: many}}"), runs())
            .refused("'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        row(
            "asks-for-more-than-there-is",
            solo("resources: {requests: {cpu: 1000000000000}}"),
            ended("Failed", "OutOfcpu")),
        row(
            "asks-for-all-memory-of-the-world",
            solo("resources: {requests: {memory: 8Ei}}"),
            ended("Failed", "OutOfmemory")),
        row(
            "asks-for-pages-that-are-not-there",
            solo("resources: {limits: {hugepages-2Mi: 1Gi, memory: 1Mi}}"),
            ended("Failed", "OutOfhugepages-2Mi")),
        row(
            "memory-limit-beyond-numbers",
            solo("resources: {requests: {memory: 1}, limits: {memory: 100Ei}}"),
            runs()),
        row(
            "cpu-limit-beyond-numbers",
            solo("resources: {requests: {cpu: 1m}, limits: {cpu: 1000000000000}}"),
            told("Failed.*", "")),
        row(
            "memory-limit-of-a-byte",
            solo("resources: {limits: {memory: 1}}"),
            told("Failed.*", "")));
  }

  private static List<HostileRow> names() {
    String longest = "n" + "x".repeat(62);
    return List.of(
        row(
            "n".repeat(60) + "." + "o".repeat(60) + "." + "p".repeat(60) + "." + "q".repeat(26),
            "volumes: [{name: %s, emptyDir: {}}]\ncontainers: [%s]"
                .formatted(
                    longest,
                    container(longest, "volumeMounts: [{name: " + longest + ", mountPath: /v}]")),
            runs()),
        row(
            "n".repeat(60) + "." + "o".repeat(60) + "." + "p".repeat(60) + "." + "q".repeat(70),
            solo(),
            told("FailedCreatePodSandBox", "too long")),
        row("unknown-fields", "frobnicate: [1]\n" + solo("frob: {a: b}"), runs()));
  }

  private static List<HostileRow> handlers() {
    return List.of(
        row(
                "signal-that-is-none",
                "os: {name: linux}\n" + solo("lifecycle: {stopSignal: SIGFROB}"),
                stuck("CreateContainerConfigError", "SIGFROB"))
            .refused("SIGFROB"),
        row(
                "hook-without-handler",
                solo("lifecycle: {postStart: {}}"),
                told("FailedPostStartHook", ""))
            .refused("must specify a handler type"),
        row(
            "hook-that-does-not-exist",
            solo("lifecycle: {postStart: {exec: {command: [/no/such]}}}"),
            told("FailedPostStartHook", "")),
        row("probe-without-handler", solo("livenessProbe: {periodSeconds: 1}"), runs())
            .refused("must specify a handler type"),
        row(
            "probe-of-a-port-that-is-none",
            solo("livenessProbe: {periodSeconds: 1, httpGet: {port: nowhere}}"),
            runs()),
        row(
                "probe-with-times-below-zero",
                solo(
                    "livenessProbe: {periodSeconds: -1, timeoutSeconds: -1, initialDelaySeconds:"
                        + " -1, failureThreshold: -1, exec: {command: ['true']}}"),
                runs())
            .refused("must be greater than or equal to 0"));
  }

  private static List<HostileRow> programs() {
    return List.of(
        row(
            "image-that-is-no-name",
            solo("image: '!!! not an image'"),
            stuck("InvalidImageName", "")),
        row("image-with-dots", solo("image: ../../etc/passwd"), stuck("InvalidImageName", "")),
        row(
            "program-that-is-not-there",
            solo("command: [/no/such/program]"),
            stuck(NOT_STARTED, "no such file or directory")),
        row("program-that-is-a-directory", solo("command: [/tmp]"), stuck(NOT_STARTED, "")),
        row(
            "program-with-a-zero-byte",
            solo("command: [sh, -c, \"echo a\\0b\"]"),
            stuck(NOT_STARTED, "")),
        row(
            "working-directory-with-dots",
            solo("workingDir: " + ESCAPE + "BAIT/work"),
            stuck(NOT_STARTED, "")));
  }

  private static List<HostileRow> security() {
    return List.of(
        row(
                "profile-outside-its-directory",
                solo(
                    "securityContext: {seccompProfile: {type: Localhost, localhostProfile:"
                        + " ../../../etc/passwd}}"),
                stuck("CreateContainerConfigError", ""))
            .refused("must not contain '..'"),
        row(
            "kernel-setting-of-the-node",
            "securityContext: {sysctls: [{name: kernel.panic, value: '1'}]}\n" + solo(),
            ended("Failed", "SysctlForbidden")),
        row(
                "user-below-zero",
                "securityContext: {runAsUser: -5}\n" + solo(),
                told("FailedCreatePodSandBox", ""))
            .refused("must be between 0"),
        row(
                "group-below-zero",
                "securityContext: {fsGroup: -5}\n" + EMPTY + solo(MOUNTED),
                told("FailedCreatePodSandBox", ""))
            .refused("must be between 0"),
        row(
                "host-name-with-dots",
                "hostname: ../../x\n" + solo(),
                told("FailedCreatePodSandBox", "not a valid DNS label"))
            .refused("RFC 1123"),
        row(
                "hosts-with-lines-of-their-own",
                "hostAliases: [{ip: \"1.2.3.4\", hostnames: [\"a\\n127.0.0.1 b\"]}]\n" + solo(),
                runs())
            .refused("RFC 1123"));
  }
}
