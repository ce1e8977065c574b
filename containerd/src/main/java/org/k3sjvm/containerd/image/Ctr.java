package org.k3sjvm.containerd.image;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** containerd's own command-line client: the CRI cannot import. */
final class Ctr {
  private static final String NAMESPACE = "k8s.io";
  private static final long LIMIT_MINUTES = 30;

  /** Of {@code ctr images list}: REF TYPE DIGEST … */
  private static final int DIGEST_COLUMN = 2;

  /** What {@code ctr images import} says of each image that it has put in place. */
  private static final Pattern IMPORTED =
      Pattern.compile("^unpacking (?<name>\\S+) \\(", Pattern.MULTILINE);

  private final Path program;
  private final Path socket;
  private boolean importsLocally;

  /**
   * @param importsLocally whether the client must be asked to import by itself, as it did before
   *     containerd 2: only then it names the images that it has put in place
   */
  Ctr(Path program, Path socket, boolean importsLocally) {
    this.program = program;
    this.socket = socket;
    this.importsLocally = importsLocally;
  }

  /**
   * Imports an archive.
   *
   * @return the names of its images
   * @throws IOException when it is not one, or the disk is full; the message is the program's
   */
  List<String> importArchive(Path file, ImageArchive kind)
      throws IOException, InterruptedException {
    String said;
    try {
      said = runImport(file, kind);
    } catch (IOException e) {
      if (!importsLocally || !String.valueOf(e.getMessage()).contains("not defined: -local")) {
        throw e;
      }
      importsLocally = false; // containerd 2.0
      said = runImport(file, kind);
    }
    List<String> names = new ArrayList<>();
    Matcher matcher = IMPORTED.matcher(said);
    while (matcher.find()) {
      names.add(matcher.group("name"));
    }
    return names;
  }

  private String runImport(Path file, ImageArchive kind) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("images", "import"));
    if (importsLocally) {
      arguments.add("--local");
    }
    if (kind.unpack().isEmpty()) {
      arguments.add(file.toString());
      return run(List.of(builder(arguments)));
    }
    arguments.add("-");
    List<String> unpack = new ArrayList<>(kind.unpack());
    unpack.add(file.toString());
    return run(List.of(new ProcessBuilder(unpack), builder(arguments)));
  }

  /** Names of images that match a filter of containerd's. */
  List<String> list(String filter) throws IOException, InterruptedException {
    return run(List.of(builder(List.of("images", "list", "-q", filter)))).lines().toList();
  }

  /** The digest of an image's manifest or index, such as {@code sha256:…}. */
  Optional<String> digest(String image) throws IOException, InterruptedException {
    return run(List.of(builder(List.of("images", "list", "name==" + image))))
        .lines()
        .map(line -> line.strip().split("\\s+"))
        .filter(columns -> columns.length > DIGEST_COLUMN && columns[0].equals(image))
        .map(columns -> columns[DIGEST_COLUMN])
        .findFirst();
  }

  /** Gives an image a second name, which another image may have had. */
  void tag(String image, String name) throws IOException, InterruptedException {
    run(List.of(builder(List.of("images", "tag", "--force", image, name))));
  }

  /** Sets labels; {@code key=} removes one. */
  void label(String image, List<String> labels) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("images", "label", image));
    arguments.addAll(labels);
    run(List.of(builder(arguments)));
  }

  private ProcessBuilder builder(List<String> arguments) {
    List<String> command =
        new ArrayList<>(List.of(program.toString(), "-a", socket.toString(), "-n", NAMESPACE));
    command.addAll(arguments);
    return new ProcessBuilder(command);
  }

  /**
   * Runs commands, each fed by the one before; returns what the last one said. What they say goes
   * through files: an import takes minutes, and a read from a pipe would hold a carrier thread for
   * as long.
   */
  private static String run(List<ProcessBuilder> commands)
      throws IOException, InterruptedException {
    Path errors = Files.createTempFile("image-import", ".err");
    Path output = Files.createTempFile("image-import", ".out");
    List<Process> processes = List.of();
    try {
      File file = errors.toFile();
      commands.forEach(c -> c.redirectError(ProcessBuilder.Redirect.appendTo(file)));
      commands.getLast().redirectOutput(output.toFile());
      processes = ProcessBuilder.startPipeline(commands);
      for (Process process : processes) {
        if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
          throw new IOException(
              commands.getFirst().command().getFirst()
                  + " failed: "
                  + Files.readString(errors, StandardCharsets.UTF_8).strip());
        }
      }
      return Files.readString(output, StandardCharsets.UTF_8);
    } finally {
      processes.forEach(Process::destroyForcibly);
      Files.deleteIfExists(errors);
      Files.deleteIfExists(output);
    }
  }
}
