package org.k3sjvm.kube.testing;

import com.fasterxml.jackson.databind.JsonNode;
import org.k3sjvm.kube.Selection;

/** Field and label selectors over JSON trees: {@code a=b}, {@code a!=b}, {@code a}, {@code !a}. */
final class Selectors {
  private Selectors() {}

  static boolean matches(Selection selection, JsonNode object) {
    return (selection.namespace().isEmpty()
            || selection.namespace().equals(object.at("/metadata/namespace").asText("")))
        && fields(selection.fieldSelector(), object)
        && labels(selection.labelSelector(), object.at("/metadata/labels"));
  }

  private static boolean fields(String selector, JsonNode object) {
    for (String term : terms(selector)) {
      int at = term.indexOf('=');
      boolean not = term.charAt(at - 1) == '!';
      String field = term.substring(0, not ? at - 1 : at);
      String actual = object.at("/" + field.replace('.', '/')).asText("");
      if (actual.equals(term.substring(at + 1)) == not) {
        return false;
      }
    }
    return true;
  }

  private static boolean labels(String selector, JsonNode labels) {
    for (String term : terms(selector)) {
      int at = term.indexOf('=');
      if (at < 0) {
        boolean not = term.startsWith("!");
        if (labels.has(not ? term.substring(1) : term) == not) {
          return false;
        }
      } else {
        boolean not = term.charAt(at - 1) == '!';
        JsonNode actual = labels.path(term.substring(0, not ? at - 1 : at));
        if ((!actual.isMissingNode() && actual.asText().equals(term.substring(at + 1))) == not) {
          return false;
        }
      }
    }
    return true;
  }

  private static String[] terms(String selector) {
    return selector.isEmpty() ? new String[0] : selector.split(",", -1);
  }
}
