package org.k3sjvm.agent.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Labels from {@code --node-label}, checked here because a bad one would only fail later and for
 * ever, at the API server.
 */
final class NodeLabels {
  // Source: apimachinery validation.IsQualifiedName and IsValidLabelValue.
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?");
  private static final Pattern PREFIX =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
  private static final int PREFIX_LENGTH = 253;

  private NodeLabels() {}

  static Map<String, String> parse(List<String> texts) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String text : texts) {
      int equals = text.indexOf('=');
      String key = equals < 0 ? text : text.substring(0, equals);
      String value = equals < 0 ? "" : text.substring(equals + 1);
      if (!isKey(key) || !(value.isEmpty() || NAME.matcher(value).matches())) {
        throw new UsageException(
            "--node-label must be key=value in the letters that Kubernetes labels allow, one per flag, not "
                + text);
      }
      labels.put(key, value);
    }
    return labels;
  }

  private static boolean isKey(String key) {
    int slash = key.indexOf('/');
    String prefix = slash < 0 ? "a" : key.substring(0, slash);
    return prefix.length() <= PREFIX_LENGTH
        && PREFIX.matcher(prefix).matches()
        && NAME.matcher(key.substring(slash + 1)).matches();
  }
}
