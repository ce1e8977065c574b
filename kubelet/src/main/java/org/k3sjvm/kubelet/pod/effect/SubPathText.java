package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.VolumeMount;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.k3sjvm.kubelet.env.Expansion;
import org.k3sjvm.kubelet.translate.ConfigException;

/**
 * Which part of a volume a mount shows. Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go,
 * makeMounts, and pkg/kubelet/container/helpers.go, ExpandContainerVolumeMounts.
 */
final class SubPathText {
  private SubPathText() {}

  /**
   * Relative, within the volume; empty for all of it.
   *
   * @throws ConfigException when a variable has no value, or the path leads elsewhere
   */
  static String of(VolumeMount mount, Map<String, String> env) {
    String expression = mount.getSubPathExpr();
    String sub = mount.getSubPath() == null ? "" : mount.getSubPath();
    if (expression != null && !expression.isEmpty()) {
      sub = expand(expression, env);
    }
    if (sub.startsWith("/")) {
      throw new ConfigException("error SubPath `" + sub + "` must not be an absolute path");
    }
    if (sub.indexOf('\0') >= 0) {
      throw new ConfigException("unable to provision SubPath: it has a zero byte");
    }
    for (Path part : Path.of(sub)) {
      if (part.toString().equals("..")) {
        throw new ConfigException(
            "unable to provision SubPath `" + sub + "`: must not contain '..'");
      }
    }
    return sub;
  }

  private static String expand(String expression, Map<String, String> env) {
    TreeSet<String> missing = new TreeSet<>();
    String expanded =
        Expansion.expand(
            expression,
            name -> {
              String value = env.getOrDefault(name, "");
              if (value.isEmpty()) {
                missing.add(name);
              }
              return value;
            });
    if (!missing.isEmpty()) {
      throw new ConfigException("missing value for " + String.join(", ", missing));
    }
    return expanded;
  }
}
