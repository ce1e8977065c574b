package org.k3sjvm.agent.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * What the flags say: the command line over the environment. Parsing stops at the first bare word,
 * as upstream's does.
 *
 * <p>Immutable. Values are checked for their type when they are read in, so accessors do not fail.
 */
public final class FlagValues {
  private final Map<Flag, List<String>> values;

  private FlagValues(Map<Flag, List<String>> values) {
    this.values = Map.copyOf(values);
  }

  /**
   * Reads arguments, without the program's and the subcommand's name.
   *
   * @throws UsageException for an unknown flag, a missing value or one of the wrong type
   */
  public static FlagValues parse(
      List<Flag> flags, List<String> arguments, Map<String, String> environment) {
    CommandLine.ParseResult parsed = parse(flags, arguments);
    Map<Flag, List<String>> values = new HashMap<>();
    for (Flag flag : flags) {
      List<String> given = new ArrayList<>();
      if (parsed.hasMatchedOption("--" + flag.name())) {
        given.addAll(parsed.matchedOptionValue("--" + flag.name(), List.<String>of()));
      } else {
        flag.env().map(environment::get).filter(text -> !text.isEmpty()).ifPresent(given::add);
      }
      if (!given.isEmpty()) {
        given.forEach(text -> check(flag, text));
        values.put(flag, List.copyOf(given));
      }
    }
    return new FlagValues(values);
  }

  /** The last value given; empty when there is none or the last one is the empty text. */
  public Optional<String> text(Flag flag) {
    return Optional.ofNullable(values.get(flag)).map(List::getLast).filter(text -> !text.isEmpty());
  }

  public boolean on(Flag flag) {
    return text(flag).map(FlagValues::isTrue).orElse(false);
  }

  public int number(Flag flag, int otherwise) {
    return text(flag).map(Integer::parseInt).orElse(otherwise);
  }

  /** Every value given, in order; may be empty. */
  public List<String> list(Flag flag) {
    return values.getOrDefault(flag, List.of());
  }

  /** Every value given, each split at commas, blanks dropped. */
  public List<String> commaList(Flag flag) {
    return list(flag).stream()
        .flatMap(value -> List.of(value.split(",", -1)).stream())
        .map(String::strip)
        .filter(text -> !text.isEmpty())
        .toList();
  }

  /** The same with one value of a flag in place of what was given. */
  public FlagValues with(Flag flag, String value) {
    Map<Flag, List<String>> changed = new HashMap<>(values);
    changed.put(flag, List.of(value));
    return new FlagValues(changed);
  }

  /** The help text of a subcommand. */
  public static String help(String subcommand, String summary, List<Flag> flags) {
    StringBuilder text = new StringBuilder();
    text.append("NAME:\n   k3s ").append(subcommand).append(" - ").append(summary).append("\n\n");
    text.append("USAGE:\n   k3s ").append(subcommand).append(" [OPTIONS]\n\nOPTIONS:\n");
    for (Flag flag : flags) {
      if (!flag.help().isEmpty()) {
        StringBuilder names = new StringBuilder("   --").append(flag.name());
        flag.aliases().forEach(alias -> names.append(", -").append(alias));
        names.append(flag.type() == Flag.Type.BOOL ? "" : " value");
        text.append(String.format("%-42s %s", names, flag.help()));
        flag.env().ifPresent(env -> text.append(" [$").append(env).append(']'));
        text.append('\n');
      }
    }
    return text.toString();
  }

  private static CommandLine.ParseResult parse(List<Flag> flags, List<String> arguments) {
    CommandSpec spec = CommandSpec.create();
    for (Flag flag : flags) {
      List<String> names = new ArrayList<>(List.of("--" + flag.name(), "-" + flag.name()));
      flag.aliases().forEach(alias -> names.addAll(List.of("-" + alias, "--" + alias)));
      spec.addOption(
          OptionSpec.builder(names.toArray(String[]::new))
              .type(List.class)
              .auxiliaryTypes(String.class)
              .arity("1")
              .build());
    }
    spec.addPositional(
        PositionalParamSpec.builder()
            .type(List.class)
            .auxiliaryTypes(String.class)
            .arity("0..*")
            .build());
    CommandLine line =
        new CommandLine(spec)
            .setStopAtPositional(true)
            .setPosixClusteredShortOptionsAllowed(false)
            .setTrimQuotes(false)
            .setExpandAtFiles(false)
            .setUnmatchedOptionsAllowedAsOptionParameters(true)
            .setUnmatchedOptionsArePositionalParams(false);
    UnaryOperator<String> explicit = argument -> boolWithValue(flags, argument);
    try {
      return line.parseArgs(arguments.stream().map(explicit).toArray(String[]::new));
    } catch (CommandLine.UnmatchedArgumentException e) {
      String first = e.getUnmatched().getFirst().replaceFirst("^--?", "").replaceFirst("=.*", "");
      throw new UsageException("flag provided but not defined: -" + first, e);
    } catch (CommandLine.MissingParameterException e) {
      String name =
          e.getMissing().getFirst() instanceof OptionSpec option ? option.longestName() : "?";
      throw new UsageException("flag needs an argument: " + name, e);
    } catch (CommandLine.ParameterException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * {@code --debug} becomes {@code --debug=true}: one rule for all types, and a bare word after it
   * stays a bare word.
   */
  private static String boolWithValue(List<Flag> flags, String argument) {
    String bare = argument.replaceFirst("^--?", "");
    boolean known =
        argument.startsWith("-")
            && flags.stream()
                .filter(flag -> flag.type() == Flag.Type.BOOL)
                .anyMatch(flag -> flag.name().equals(bare) || flag.aliases().contains(bare));
    return known ? argument + "=true" : argument;
  }

  private static void check(Flag flag, String text) {
    switch (flag.type()) {
      case BOOL -> {
        if (!isTrue(text) && !isFalse(text)) {
          throw bad(flag, text, "true or false is expected");
        }
      }
      case INT -> {
        try {
          Integer.parseInt(text);
        } catch (NumberFormatException e) {
          throw bad(flag, text, "a number is expected");
        }
      }
      case STRING, LIST -> {}
    }
  }

  private static UsageException bad(Flag flag, String text, String expected) {
    String variable = flag.env().map(env -> " (or $" + env + ")").orElse("");
    return new UsageException(
        "invalid value \"" + text + "\" for flag -" + flag.name() + variable + ": " + expected);
  }

  // The texts that Go's strconv.ParseBool takes.
  private static boolean isTrue(String text) {
    return List.of("1", "t", "T", "TRUE", "true", "True").contains(text);
  }

  private static boolean isFalse(String text) {
    return List.of("0", "f", "F", "FALSE", "false", "False").contains(text);
  }
}
