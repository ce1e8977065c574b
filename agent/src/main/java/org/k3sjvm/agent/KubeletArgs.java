package org.k3sjvm.agent;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.k3sjvm.agent.config.UsageException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@code --kubelet-arg} sets. Names that this kubelet does not act on are told once, so that
 * nobody believes in them.
 *
 * @param rootDir pods' directories
 * @param maxPods at least 1
 * @param parallelPulls images pulled at a time
 * @param systemdCgroups whether systemd makes the pods' control groups
 * @param port of the kubelet's HTTPS API
 */
record KubeletArgs(Path rootDir, int maxPods, int parallelPulls, boolean systemdCgroups, int port) {
  private static final Logger log = LoggerFactory.getLogger(KubeletArgs.class);

  // Source: kubelet v1.36 defaults of rootDir, maxPods and port.
  private static final KubeletArgs DEFAULT =
      new KubeletArgs(Path.of("/var/lib/kubelet"), 110, 3, false, 10250);

  /**
   * Reads {@code name=value} texts, with or without leading dashes; the last one of a name wins.
   *
   * @throws UsageException when a value is bad
   */
  static KubeletArgs parse(List<String> texts) {
    KubeletArgs args = DEFAULT;
    Set<String> ignored = new TreeSet<>();
    for (String text : texts) {
      String bare = text.replaceFirst("^--?", "");
      int equals = bare.indexOf('=');
      String name = equals < 0 ? bare : bare.substring(0, equals).replaceFirst("[+-]$", "");
      String value = equals < 0 ? "true" : bare.substring(equals + 1);
      args =
          switch (name) {
            case "root-dir" ->
                new KubeletArgs(
                    Path.of(value),
                    args.maxPods,
                    args.parallelPulls,
                    args.systemdCgroups,
                    args.port);
            case "max-pods" ->
                new KubeletArgs(
                    args.rootDir,
                    number(name, value),
                    args.parallelPulls,
                    args.systemdCgroups,
                    args.port);
            case "max-parallel-image-pulls" ->
                new KubeletArgs(
                    args.rootDir,
                    args.maxPods,
                    number(name, value),
                    args.systemdCgroups,
                    args.port);
            case "cgroup-driver" ->
                new KubeletArgs(
                    args.rootDir, args.maxPods, args.parallelPulls, systemd(value), args.port);
            case "port" ->
                new KubeletArgs(
                    args.rootDir,
                    args.maxPods,
                    args.parallelPulls,
                    args.systemdCgroups,
                    number(name, value));
            default -> {
              ignored.add(name);
              yield args;
            }
          };
    }
    if (!ignored.isEmpty()) {
      log.atWarn()
          .addKeyValue("names", String.join(",", ignored))
          .log("these kubelet arguments have no effect here");
    }
    return args;
  }

  private static int number(String name, String value) {
    if (!value.matches("[1-9][0-9]{0,5}")) {
      throw new UsageException("--kubelet-arg=" + name + " needs a positive number, not " + value);
    }
    return Integer.parseInt(value);
  }

  private static boolean systemd(String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "systemd" -> true;
      case "cgroupfs" -> false;
      default ->
          throw new UsageException(
              "--kubelet-arg=cgroup-driver must be cgroupfs or systemd, not " + value);
    };
  }
}
