package org.k3sjvm.server.api.select;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.select.LabelSelector.Operator;
import org.k3sjvm.server.api.select.LabelSelector.Requirement;

/** The text form of label selectors. */
final class SelectorParser {
  /** Nothing is tried twice: the text may be long and anybody's. */
  private static final Pattern TERM =
      Pattern.compile(
          "\\s*+(?:(?<not>!)\\s*+(?<absent>[^\\s=!,()<>]++)"
              + "|(?<key>[^\\s=!,()<>]++)(?:"
              + "\\s++(?<set>in|notin)\\s*+\\((?<values>[^()]*+)\\)"
              + "|\\s*+(?<sign>==|=|!=|>|<)\\s*+(?<value>[^\\s=!,()<>]*+))?+)\\s*+(?:,|$)");

  private final String text;

  SelectorParser(String text) {
    this.text = text;
  }

  List<Requirement> parse() {
    List<Requirement> requirements = new ArrayList<>();
    Matcher matcher = TERM.matcher(text);
    int at = 0;
    while (at < text.length()) {
      if (!matcher.region(at, text.length()).lookingAt()) {
        throw ApiException.badRequest("unable to parse requirement: '" + text + "'");
      }
      requirements.add(requirement(matcher));
      at = matcher.end();
    }
    return requirements;
  }

  private static Requirement requirement(Matcher term) {
    if (term.group("not") != null) {
      return new Requirement(term.group("absent"), Operator.NOT_EXISTS, Set.of());
    }
    String key = term.group("key");
    if (term.group("set") != null) {
      Set<String> values = new LinkedHashSet<>();
      for (String value : term.group("values").split(",", -1)) {
        values.add(value.strip());
      }
      boolean in = term.group("set").equals("in");
      return new Requirement(key, in ? Operator.IN : Operator.NOT_IN, values);
    }
    String sign = term.group("sign");
    if (sign == null) {
      return new Requirement(key, Operator.EXISTS, Set.of());
    }
    Operator operator =
        switch (sign) {
          case "!=" -> Operator.NOT_IN;
          case ">" -> Operator.GREATER;
          case "<" -> Operator.LESS;
          default -> Operator.IN;
        };
    return new Requirement(key, operator, Set.of(term.group("value")));
  }
}
