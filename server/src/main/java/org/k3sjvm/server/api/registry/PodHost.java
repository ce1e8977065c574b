package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.k3sjvm.server.api.tree.Trees;

/** What a pod asks of the host it runs on: its name there and kernel settings. */
final class PodHost {
  private static final int HOST_NAME_LIMIT = 64; // HOST_NAME_MAX of Linux
  private static final int SYSCTL_LIMIT = 253;

  /** Parts joined by dots or slashes. Source: Kubernetes docs, "Using sysctls in a Cluster". */
  private static final Pattern SYSCTL =
      Pattern.compile("([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?");

  private PodHost() {}

  static void validate(ObjectNode spec, String at, Problems problems) {
    hostname(spec, at, problems);
    sysctls(spec, at + ".securityContext.sysctls", problems);
  }

  private static void hostname(ObjectNode spec, String at, Problems problems) {
    String override = Trees.text(spec, "hostnameOverride");
    if (override.isEmpty()) {
      return;
    }
    String field = at + ".hostnameOverride";
    if (override.length() > HOST_NAME_LIMIT || !Names.isSubdomain(override)) {
      problems.invalid(
          field, override, "must be a lowercase RFC 1123 subdomain of at most 64 characters");
    }
    if (spec.path("setHostnameAsFQDN").asBoolean()) {
      problems.forbidden(field, "may not be set together with setHostnameAsFQDN");
    }
    if (spec.path("hostNetwork").asBoolean()) {
      problems.forbidden(field, "may not be set when hostNetwork is true");
    }
  }

  private static void sysctls(ObjectNode spec, String at, Problems problems) {
    Set<String> names = new HashSet<>();
    for (ObjectNode sysctl : Trees.objects(spec, "securityContext", "sysctls")) {
      String name = Trees.text(sysctl, "name");
      if (name.isEmpty()) {
        problems.required(at + ".name", "");
      } else if (name.length() > SYSCTL_LIMIT || !SYSCTL.matcher(name).matches()) {
        problems.invalid(at + ".name", name, "must be parts of [a-z0-9_-] joined by dots");
      } else if (!names.add(name.replace('/', '.'))) {
        problems.duplicate(at + ".name", name);
      }
    }
  }
}
