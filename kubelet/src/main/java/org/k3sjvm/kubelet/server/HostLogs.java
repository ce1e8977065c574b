package org.k3sjvm.kubelet.server;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;

/** {@code /logs/}: the host's log directory, for those who may read the node's logs. */
final class HostLogs {
  private final Path root;

  HostLogs(Path root) {
    this.root = root;
  }

  void handle(Request request, Response response) throws IOException {
    Path wanted = root;
    for (String part : request.segments().subList(1, request.segments().size())) {
      // A decoded slash inside a part would name another directory.
      if (part.indexOf('/') >= 0) {
        throw new ApiError(404, "404 page not found\n");
      }
      wanted = wanted.resolve(part);
    }
    if (Files.isDirectory(wanted)) {
      list(wanted, response);
    } else if (Files.isRegularFile(wanted)) {
      response.header("Content-Type", "text/plain; charset=utf-8");
      try (OutputStream out = response.body()) {
        Files.copy(wanted, out);
      }
    } else {
      throw new ApiError(404, "404 page not found\n");
    }
  }

  private static void list(Path directory, Response response) throws IOException {
    List<String> names;
    try (Stream<Path> files = Files.list(directory)) {
      names =
          files
              .map(file -> file.getFileName() + (Files.isDirectory(file) ? "/" : ""))
              .sorted()
              .toList();
    }
    StringBuilder page = new StringBuilder("<pre>\n");
    for (String name : names) {
      String safe =
          name.replace("&", "&amp;")
              .replace("<", "&lt;")
              .replace(">", "&gt;")
              .replace("\"", "&#34;");
      page.append("<a href=\"").append(safe).append("\">").append(safe).append("</a>\n");
    }
    response.header("Content-Type", "text/html; charset=utf-8");
    response.send(page.append("</pre>\n").toString().getBytes(StandardCharsets.UTF_8));
  }
}
