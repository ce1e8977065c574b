package org.k3sjvm.agent.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kubelet's settings from {@code --kubelet-arg} and KubeletConfiguration files. Flags win over
 * files, later files over earlier ones. What this kubelet does not act on is named once in a
 * warning, so that nobody believes in it.
 */
public final class KubeletOptions {
  private static final Logger log = LoggerFactory.getLogger(KubeletOptions.class);

  private final Problems problems = new Problems();
  private final KubeletValues values = new KubeletValues(problems);
  private final Set<String> ineffective = new TreeSet<>();
  private final Set<String> unknown = new TreeSet<>();

  private KubeletOptions() {}

  /**
   * Reads everything that the user set.
   *
   * @param texts {@code name=value}, with or without leading dashes, in the user's order
   * @param agentDir upstream's {@code <data>/agent}
   * @param taints that the node registers with unless the user sets others here
   * @throws UsageException names each flag or file that is bad and what to write
   */
  public static KubeletSettings read(
      List<String> texts, Path agentDir, List<AgentConfig.NodeTaint> taints) {
    return new KubeletOptions().settings(texts, agentDir, taints);
  }

  private KubeletSettings settings(
      List<String> texts, Path agentDir, List<AgentConfig.NodeTaint> taints) {
    Map<String, List<String>> flags = parse(texts);
    Path defaults = Path.of("k3s");
    values.merge(
        Map.of(
            "evictionHard",
            Map.of("imagefs.available", "5%", "nodefs.available", "5%"),
            "allowedUnsafeSysctls",
            KubeletSettings.PodRules.K3S_UNSAFE_SYSCTLS,
            "staticPodPath",
            agentDir.resolve("pod-manifests").toString()),
        defaults);
    Set<String> own = values.paths();
    KubeletFiles.find(
            agentDir.resolve("etc/kubelet.conf.d"),
            last(flags, "config").map(Path::of),
            last(flags, "config-dir").map(Path::of))
        .forEach(file -> values.merge(KubeletFiles.load(file), file));
    flags.forEach((name, given) -> given.forEach(value -> take(name, value)));
    for (String path : values.paths()) {
      if (!values.origin(path).startsWith(defaults + ":") || !own.contains(path)) {
        note(path);
      }
    }
    values.checkKinds();
    KubeletSettings settings = new KubeletSettingsReader(values).settings(taints);
    problems.throwAny();
    warn("these kubelet settings have no effect here", ineffective);
    warn("nobody knows these kubelet settings, are they spelled right?", unknown);
    return settings;
  }

  /** In the order of names: repeated ones keep the user's. */
  private static Map<String, List<String>> parse(List<String> texts) {
    Map<String, List<String>> flags = new LinkedHashMap<>();
    for (String text : texts) {
      String bare = text.replaceFirst("^--?", "");
      int equals = bare.indexOf('=');
      String name = equals < 0 ? bare : bare.substring(0, equals);
      String value = equals < 0 ? "true" : bare.substring(equals + 1);
      List<String> given =
          flags.computeIfAbsent(name.replaceFirst("[+-]$", ""), _ -> new ArrayList<>());
      given.add(name.endsWith("-") ? 0 : given.size(), value);
    }
    return flags;
  }

  private static Optional<String> last(Map<String, List<String>> flags, String name) {
    return Optional.ofNullable(flags.get(name)).map(List::getLast);
  }

  private void take(String name, String value) {
    KubeletFlag flag = KubeletFlag.BY_NAME.get(name);
    if (flag != null) {
      values.flag(flag, value);
    } else if (!name.equals("config") && !name.equals("config-dir")) {
      unknown.add(name);
    }
  }

  private void note(String path) {
    KubeletFlag flag = KubeletFlag.BY_PATH.get(path);
    if (flag == null) {
      if (!path.equals("kind") && !path.equals("apiVersion")) {
        unknown.add(path);
      }
    } else if (!flag.acts()) {
      ineffective.add(values.origin(path).startsWith("--kubelet-arg=") ? flag.name() : flag.path());
    }
  }

  private static void warn(String message, Set<String> names) {
    if (!names.isEmpty()) {
      log.atWarn().addKeyValue("names", String.join(",", names)).log(message);
    }
  }
}
