package org.k3sjvm.kubelet.env;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * {@code $(NAME)} in values, commands and arguments. What is not known stays as it is written;
 * {@code $$} is one dollar sign; what was put in is not looked at again.
 *
 * <p>Source: Kubernetes v1.36 third_party/forked/golang/expansion/expand.go.
 */
public final class Expansion {
  private Expansion() {}

  /** The text with known references replaced. */
  public static String expand(String text, Map<String, String> known) {
    return expand(text, known::get);
  }

  /**
   * As {@link #expand(String, Map)}.
   *
   * @param known null for what is not known
   */
  public static String expand(String text, Function<String, @Nullable String> known) {
    StringBuilder out = new StringBuilder(text.length());
    int lastEnd = text.lastIndexOf(')'); // behind it no reference ends, however many begin
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c != '$' || at + 1 == text.length()) {
        out.append(c);
        at++;
        continue;
      }
      char next = text.charAt(at + 1);
      int end = next == '(' && at < lastEnd ? text.indexOf(')', at + 2) : -1;
      if (next == '$') {
        out.append('$');
        at += 2;
      } else if (end >= 0) {
        String name = text.substring(at + 2, end);
        String value = known.apply(name);
        out.append(value != null ? value : "$(" + name + ")");
        at = end + 1;
      } else {
        out.append(c).append(next);
        at += 2;
      }
    }
    return out.toString();
  }

  /** Each text by itself. */
  public static List<String> expand(List<String> texts, Map<String, String> known) {
    return texts.stream().map(t -> expand(t, known)).toList();
  }
}
