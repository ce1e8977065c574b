package org.k3sjvm.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Secret;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.k3sjvm.agent.Version;
import org.k3sjvm.agent.config.Flag;
import org.k3sjvm.agent.config.FlagValues;
import org.k3sjvm.agent.config.UsageException;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.time.GoDurations;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.HttpKubeApi;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeClientConfig;
import org.k3sjvm.kube.KubeCredentials;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.Kubeconfig;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;

/**
 * {@code k3s token}: tokens that join nodes for a while, made on any server that the kubeconfig
 * names. Source: k3s v1.36.3 {@code k3s token --help}.
 */
final class TokenCommand {
  private static final Flag KUBECONFIG =
      Flag.of(
              Flag.Type.STRING,
              "kubeconfig",
              "Server to connect to (default: /etc/rancher/k3s/k3s.yaml)")
          .env("KUBECONFIG");
  private static final Flag DESCRIPTION =
      Flag.of(Flag.Type.STRING, "description", "What the token is for");
  private static final Flag GROUPS =
      Flag.of(
          Flag.Type.LIST,
          "groups",
          "Groups of who joins with it (default: "
              + BootstrapToken.DEFAULT_GROUPS.getFirst()
              + ")");
  private static final Flag TTL =
      Flag.of(Flag.Type.STRING, "ttl", "How long it may be used; 0: for ever (default: 24h)");
  private static final Flag USAGES =
      Flag.of(
          Flag.Type.LIST, "usages", "What it may be used for (default: authentication, signing)");
  private static final Flag OUTPUT =
      Flag.of(Flag.Type.STRING, "output", "text or json (default: text)").alias("o");
  private static final Flag DATA_DIR = Flag.of(Flag.Type.STRING, "data-dir", "").alias("d");
  private static final Flag DEBUG = Flag.of(Flag.Type.BOOL, "debug", "");

  static final List<Flag> FLAGS =
      List.of(KUBECONFIG, DESCRIPTION, GROUPS, TTL, USAGES, OUTPUT, DATA_DIR, DEBUG);
  private static final String SUMMARY =
      "Make, list and delete tokens that join nodes for a while: create [token], delete token…,"
          + " generate, list";
  private static final Duration DAY = Duration.ofDays(1);

  private final KubeApi api;
  private final List<X509Certificate> authorities;
  private final InstantSource clock;
  private final RandomGenerator random;
  private final PrintStream out;

  TokenCommand(
      KubeApi api,
      List<X509Certificate> authorities,
      InstantSource clock,
      RandomGenerator random,
      PrintStream out) {
    this.api = api;
    this.authorities = authorities;
    this.clock = clock;
    this.random = random;
    this.out = out;
  }

  static int run(
      List<String> arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
    List<String> flags = new ArrayList<>(arguments);
    flags.removeIf(argument -> argument.matches("--(data-dir|debug)=.*"));
    String verb = flags.isEmpty() ? "help" : flags.removeFirst();
    if (verb.matches("--?(help|h)|help")) {
      out.print(FlagValues.help("token", SUMMARY, FLAGS));
      return Main.OK;
    }
    if (verb.equals("generate")) {
      out.println(BootstrapToken.generate(new SecureRandom()));
      return Main.OK;
    }
    List<String> words = new ArrayList<>();
    while (!flags.isEmpty() && !flags.getLast().startsWith("-") && isWord(flags)) {
      words.addFirst(flags.removeLast());
    }
    FlagValues values = FlagValues.parse(FLAGS, flags, environment);
    Path file = values.text(KUBECONFIG).map(Path::of).orElse(Path.of("/etc/rancher/k3s/k3s.yaml"));
    try {
      KubeCredentials credentials = Kubeconfig.read(file);
      try (HttpKubeApi api =
          new HttpKubeApi(
              credentials, KubeClientConfig.of("k3s-token/" + Version.current().version()))) {
        return new TokenCommand(
                api, credentials.trusted(), InstantSource.system(), new SecureRandom(), out)
            .perform(verb, values, words);
      }
    } catch (IllegalArgumentException e) {
      err.println("k3s token: " + e.getMessage() + "; run this on a server, or name --kubeconfig");
    } catch (KubeException e) {
      err.println("k3s token: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Main.FAILED;
  }

  /** Whether the last argument is no value of the flag before it. */
  private static boolean isWord(List<String> arguments) {
    return BootstrapToken.idOf(arguments.getLast()).isPresent()
        && (arguments.size() == 1 || !arguments.get(arguments.size() - 2).matches("--?[a-z]+"));
  }

  int perform(String verb, FlagValues values, List<String> words) throws InterruptedException {
    switch (verb) {
      case "create" -> create(values, words);
      case "delete" -> delete(words);
      case "list" -> list(values.text(OUTPUT).orElse("text"));
      case "rotate" ->
          throw new UsageException(
              "token rotate is not offered; start the servers with another --token, or use the k3s"
                  + " program of a server");
      default -> throw new UsageException("k3s token create|delete|generate|list, not " + verb);
    }
    return Main.OK;
  }

  private void create(FlagValues values, List<String> words) throws InterruptedException {
    String token = words.isEmpty() ? BootstrapToken.generate(random) : words.getFirst();
    if (words.size() > 1 || !BootstrapToken.isToken(token)) {
      throw new UsageException("a token is six letters or digits, a dot, and sixteen more");
    }
    int dot = token.indexOf('.');
    BootstrapToken made =
        new BootstrapToken(
            token.substring(0, dot),
            token.substring(dot + 1),
            values.text(DESCRIPTION).orElse(""),
            expires(values.text(TTL)),
            orElse(values.list(USAGES), BootstrapToken.DEFAULT_USAGES),
            orElse(values.list(GROUPS), BootstrapToken.DEFAULT_GROUPS));
    try {
      api.create(Resources.SECRETS, made.toSecret());
    } catch (KubeException.AlreadyExists e) {
      throw new UsageException("a token with id " + made.id() + " exists already", e);
    }
    String pem = authorities.stream().map(Certificates::pem).collect(Collectors.joining());
    String hash = Certificates.sha256(pem.getBytes(StandardCharsets.UTF_8));
    out.println(pem.isEmpty() ? token : "K10" + hash + "::" + token);
  }

  private Optional<Instant> expires(Optional<String> text) {
    try {
      Duration life = text.map(GoDurations::parse).orElse(DAY);
      if (!life.isNegative()) {
        return life.isZero() ? Optional.empty() : Optional.of(clock.instant().plus(life));
      }
    } catch (IllegalArgumentException e) {
      throw new UsageException("--ttl must be a duration such as 2h, or 0: " + e.getMessage(), e);
    }
    throw new UsageException("--ttl must be a duration such as 2h, or 0, not " + text.orElse(""));
  }

  private void delete(List<String> words) throws InterruptedException {
    if (words.isEmpty()) {
      throw new UsageException("k3s token delete needs a token, or the id of one");
    }
    for (String word : words) {
      String id = BootstrapToken.idOf(word).orElseThrow();
      ObjectName name = new ObjectName(BootstrapToken.NAMESPACE, BootstrapToken.secretName(id));
      api.delete(Resources.SECRETS, name, DeleteRequest.DEFAULT);
      out.println("bootstrap token \"" + id + "\" deleted");
    }
  }

  private void list(String output) throws InterruptedException {
    if (!List.of("text", "json").contains(output)) {
      throw new UsageException("-o must be text or json, not " + output);
    }
    Selection all =
        new Selection(BootstrapToken.NAMESPACE, "type=" + BootstrapToken.SECRET_TYPE, "");
    List<BootstrapToken> tokens = new ArrayList<>();
    for (Secret secret : api.list(Resources.SECRETS, ListRequest.newest(all)).items()) {
      try {
        tokens.add(BootstrapToken.of(secret));
      } catch (IllegalArgumentException e) {
        out.println(e.getMessage());
      }
    }
    if (output.equals("json")) {
      ArrayNode array = KubeJson.newObject().putArray("tokens");
      tokens.forEach(token -> json(array.addObject(), token));
      out.println(array);
      return;
    }
    row("TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS");
    for (BootstrapToken token : tokens) {
      row(
          token.id(),
          token.expires().map(this::life).orElse("<forever>"),
          token.expires().map(Instant::toString).orElse("<never>"),
          orNone(String.join(",", token.usages())),
          orNone(token.description()),
          orNone(String.join(",", token.groups())));
    }
  }

  private static void json(ObjectNode node, BootstrapToken token) {
    node.put("token", token.id() + "." + token.secret());
    if (!token.description().isEmpty()) {
      node.put("description", token.description());
    }
    token.expires().ifPresent(at -> node.put("expires", at.toString()));
    token.usages().forEach(node.putArray("usages")::add);
    token.groups().forEach(node.putArray("groups")::add);
  }

  private String life(Instant end) {
    Duration left = Duration.between(clock.instant(), end);
    if (left.isNegative()) {
      return "<over>";
    }
    return left.toDays() > 0
        ? left.toDays() + "d"
        : left.toHours() > 0
            ? left.toHours() + "h"
            : left.toMinutes() > 0 ? left.toMinutes() + "m" : left.toSeconds() + "s";
  }

  private void row(String... columns) {
    out.println(String.format("%-10s%-12s%-23s%-25s%-25s%s", (Object[]) columns).stripTrailing());
  }

  private static String orNone(String text) {
    return text.isEmpty() ? "<none>" : text;
  }

  private static List<String> orElse(List<String> given, List<String> otherwise) {
    return given.isEmpty() ? otherwise : given;
  }
}
