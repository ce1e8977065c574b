package org.k3sjvm.agent.status;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code k3s status} as a page on loopback, for who would rather look. It can only be read, takes
 * nothing from elsewhere, and is answered for names of loopback alone, so that no page of the
 * Internet reads it through a browser of this machine.
 */
public final class StatusPage implements Service {
  private static final Logger log = LoggerFactory.getLogger(StatusPage.class);
  private static final Set<String> NAMES = Set.of("127.0.0.1", "localhost", "[::1]");
  private static final String HEAD =
      """
      <!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">\
      <meta name="viewport" content="width=device-width"><title>k3s agent</title><style>\
      body{font:15px/1.45 system-ui,sans-serif;margin:1.5em auto;max-width:70em;padding:0 1em;color:#222;background:#fff}\
      h2{font-size:1.05em;margin:1.2em 0 .2em;padding-left:.5em;border-left:.35em solid #2a7d4f}\
      h2.look{border-color:#c0392b}h2.look::after{content:" \\2014  look here";color:#c0392b;font-weight:normal}\
      ul{margin:.2em 0;padding-left:1.6em;list-style:none}li{overflow-wrap:anywhere}\
      @media(prefers-color-scheme:dark){body{background:#181a1b;color:#ddd}}</style></head><body>
      """;

  private final int port;
  private final Supplier<JsonNode> report;
  private final Sleeper sleeper;

  public StatusPage(int port, Supplier<JsonNode> report, Sleeper sleeper) {
    this.port = port;
    this.report = report;
    this.sleeper = sleeper;
  }

  /** Serves until interrupted; a port that is taken costs the page alone. */
  @Override
  public void run() throws InterruptedException {
    try (HttpServer server =
        HttpServer.start(
            new HttpServerConfig("status-page", new HostPort("127.0.0.1", port), Optional.empty()),
            this::answer)) {
      log.atInfo().addKeyValue("url", "http:/" + server.address() + "/").log("status page is up");
      sleepForEver();
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("reason", e.getMessage())
          .log("there is no status page, choose another --status-page-port");
      sleepForEver();
    }
  }

  private void sleepForEver() throws InterruptedException {
    sleeper.sleep(java.time.Duration.ofDays(365_000));
  }

  void answer(Request request, Response response) throws IOException {
    response
        .header("Cache-Control", "no-store")
        .header("X-Content-Type-Options", "nosniff")
        .header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    String host = request.headers().first("Host").orElse("").replaceFirst(":\\d+$", "");
    if (!NAMES.contains(host)) {
      response.send(403, "text/plain; charset=utf-8", "ask for 127.0.0.1 or localhost\n");
    } else if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
      response.header("Allow", "GET, HEAD").send(405, "text/plain; charset=utf-8", "only GET\n");
    } else {
      switch (request.path()) {
        case "/" -> response.send(200, "text/html; charset=utf-8", html(report.get()));
        case "/status.json" ->
            response.send(200, "application/json", report.get().toPrettyString() + "\n");
        default -> response.send(404, "text/plain; charset=utf-8", "there is / and /status.json\n");
      }
    }
  }

  static String html(JsonNode report) {
    StringBuilder page = new StringBuilder(HEAD);
    for (StatusText.Section section : StatusText.sections(report)) {
      page.append(section.well() ? "<h2>" : "<h2 class=\"look\">")
          .append(escaped(section.title()))
          .append("</h2><ul>\n");
      section.lines().forEach(line -> page.append("<li>").append(escaped(line)).append("</li>\n"));
      page.append("</ul>\n");
    }
    return page.append("</body></html>\n").toString();
  }

  /** Names and messages of pods and servers are anybody's. */
  private static String escaped(String text) {
    StringBuilder safe = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '<' -> safe.append("&lt;");
        case '>' -> safe.append("&gt;");
        case '&' -> safe.append("&amp;");
        case '"' -> safe.append("&quot;");
        case '\'' -> safe.append("&#39;");
        default -> safe.append(Character.isISOControl(c) ? ' ' : c);
      }
    }
    return safe.toString();
  }
}
