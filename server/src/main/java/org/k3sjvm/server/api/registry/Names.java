package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** The syntax of names, labels and annotations. Source: Kubernetes docs, "Object Names and IDs". */
public final class Names {
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
  private static final Pattern DNS_1035 = Pattern.compile("[a-z]([-a-z0-9]*[a-z0-9])?");
  private static final Pattern SUBDOMAIN =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
  private static final Pattern QUALIFIED =
      Pattern.compile("[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?");
  private static final int ANNOTATIONS_LIMIT = 256 * 1024;
  private static final String SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789";
  private static final int SUFFIX = 5;
  private static final int GENERATED_BASE = 58; // 63 less the suffix
  private static final RandomGenerator RANDOM = new SecureRandom();

  private Names() {}

  /** A base with a random ending, as {@code generateName} asks for. */
  public static String generate(String base) {
    return (base.length() > GENERATED_BASE ? base.substring(0, GENERATED_BASE) : base) + suffix();
  }

  /** Five random letters that make no words. */
  public static String suffix() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < SUFFIX; i++) {
      text.append(SUFFIX_LETTERS.charAt(RANDOM.nextInt(SUFFIX_LETTERS.length())));
    }
    return text.toString();
  }

  public static boolean isLabel(String name) {
    return name.length() <= 63 && LABEL.matcher(name).matches();
  }

  static boolean isSubdomain(String name) {
    return name.length() <= 253 && SUBDOMAIN.matcher(name).matches();
  }

  static boolean isLabelValue(String value) {
    return value.isEmpty() || (value.length() <= 63 && QUALIFIED.matcher(value).matches());
  }

  static boolean isQualified(String name) {
    int slash = name.indexOf('/');
    String last = name.substring(slash + 1);
    return last.length() <= 63
        && QUALIFIED.matcher(last).matches()
        && (slash < 0 || isSubdomain(name.substring(0, slash)));
  }

  static void validate(Kind kind, ObjectNode object, Problems problems) {
    String name = Meta.name(object);
    if (name.isEmpty()) {
      problems.required("metadata.name", "name or generateName is required");
    } else if (kind.equals(Kinds.SERVICE)) {
      if (name.length() > 63 || !DNS_1035.matcher(name).matches()) {
        problems.invalid(
            "metadata.name",
            name,
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start"
                + " with an alphabetic character, and end with an alphanumeric character");
      }
    } else if (kind.equals(Kinds.NAMESPACE)) {
      if (!isLabel(name)) {
        problems.invalid(
            "metadata.name",
            name,
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or"
                + " '-', and must start and end with an alphanumeric character");
      }
    } else if (kind.group().startsWith("rbac.")) {
      if (name.equals(".") || name.equals("..") || name.contains("/") || name.contains("%")) {
        problems.invalid("metadata.name", name, "may not contain '/' or '%'");
      }
    } else if (!isSubdomain(name)) {
      problems.invalid(
          "metadata.name",
          name,
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-'"
              + " or '.', and must start and end with an alphanumeric character");
    }
    labels("metadata.labels", Trees.at(object, "metadata", "labels"), problems);
    annotations(object, problems);
  }

  static void labels(String field, JsonNode labels, Problems problems) {
    for (Map.Entry<String, JsonNode> label : labels.properties()) {
      if (!isQualified(label.getKey())) {
        problems.invalid(field, label.getKey(), "name part must be a qualified name");
      }
      if (!isLabelValue(label.getValue().asText())) {
        problems.invalid(
            field,
            label.getValue().asText(),
            "a valid label must be an empty string or consist of alphanumeric characters, '-',"
                + " '_' or '.', and must start and end with an alphanumeric character");
      }
    }
  }

  private static void annotations(ObjectNode object, Problems problems) {
    int size = 0;
    for (Map.Entry<String, String> entry :
        Trees.map(object, "metadata", "annotations").entrySet()) {
      size += entry.getKey().length() + entry.getValue().length();
      if (!isQualified(entry.getKey().toLowerCase(Locale.ROOT))) {
        problems.invalid(
            "metadata.annotations", entry.getKey(), "name part must be a qualified name");
      }
    }
    if (size > ANNOTATIONS_LIMIT) {
      problems.invalid("metadata.annotations", "", "must have at most 262144 bytes");
    }
  }
}
