package org.k3sjvm.containerd;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.containerd.config.ConfigToml;
import org.k3sjvm.containerd.config.ContainerdVersion;
import org.k3sjvm.containerd.config.ExtraRuntime;
import org.k3sjvm.containerd.config.HostFacts;
import org.k3sjvm.containerd.registry.Registries;
import org.k3sjvm.containerd.registry.RegistriesFile;
import org.k3sjvm.containerd.registry.RegistryHosts;
import org.k3sjvm.cri.grpc.CriEndpoint;
import org.k3sjvm.linux.host.ProcessFacts;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs containerd: {@link #prepare} writes its files, {@link #run} keeps it alive until
 * interrupted. Containers outlive it, because each has a shim of its own; a new containerd finds
 * them again.
 */
public final class Containerd implements Service {
  private static final Logger log = LoggerFactory.getLogger(Containerd.class);

  /** Source: k3s v1.36 pkg/agent/containerd, lumberjack settings. */
  private static final long LOG_LIMIT_BYTES = 50L << 20;

  private static final int LOGS_KEPT = 3;
  private static final Backoff RESTART =
      Backoff.doubling(Duration.ofMillis(200), Duration.ofSeconds(10));

  /** A containerd that lived this long was well; the next wait is short again. */
  private static final Duration WELL = Duration.ofSeconds(30);

  private static final String PRIVATE_DIRECTORY = "rwx------";

  private final ContainerdConfig config;
  private final Programs programs;
  private final Path program;
  private final ContainerdVersion version;
  private final InstantSource clock;
  private final Sleeper sleeper;

  private Containerd(
      ContainerdConfig config,
      Programs programs,
      Path program,
      ContainerdVersion version,
      InstantSource clock,
      Sleeper sleeper) {
    this.config = config;
    this.programs = programs;
    this.program = program;
    this.version = version;
    this.clock = clock;
    this.sleeper = sleeper;
  }

  /**
   * Finds the programs and writes containerd's files; nothing runs yet.
   *
   * @throws ContainerdException when something is missing or bad; the message says what to do
   */
  public static Containerd prepare(ContainerdConfig config) throws InterruptedException {
    Programs programs = Programs.from(System.getenv());
    Path program = programs.need("containerd");
    programs.need("containerd-shim-runc-v2");
    if (config.defaultRuntime().isEmpty()) {
      programs.need("runc");
    }
    ContainerdVersion version = versionOf(program);
    HostFacts host = HostProbe.look(config, programs, ProcessFacts.read());
    checkRuntime(config.defaultRuntime(), host.extraRuntimes());
    SeLinux.advice(config.selinux(), SeLinux.label()).ifPresent(advice -> log.atWarn().log(advice));
    Registries registries = RegistriesFile.read(config.registries());
    if (config.cniIsOurs() && host.cniPlugins().isEmpty()) {
      log.atWarn()
          .log(
              "no network plugins found, pods will get no network;"
                  + " run: apt-get install -y containernetworking-plugins");
    }
    try {
      write(config, version, host, registries);
    } catch (IOException e) {
      throw new ContainerdException.CannotWrite(
          "cannot write containerd's files below "
              + config.agentDir()
              + ": "
              + e
              + "; free space there or choose another --data-dir",
          e);
    }
    log.atInfo()
        .addKeyValue("version", version.text())
        .addKeyValue("config", config.configFile())
        .addKeyValue("socket", config.socket())
        .log("containerd prepared");
    return new Containerd(
        config, programs, program, version, InstantSource.system(), Sleeper.SYSTEM);
  }

  static void checkRuntime(Optional<String> wanted, List<ExtraRuntime> found) {
    List<String> names =
        Stream.concat(Stream.of("runc"), found.stream().map(ExtraRuntime::name)).toList();
    if (wanted.isPresent() && !names.contains(wanted.get())) {
      throw new ContainerdException.BadConfiguration(
          "--default-runtime "
              + wanted.get()
              + " is not found on this host, which has "
              + String.join(", ", names)
              + "; install it so that its program is on the PATH",
          null);
    }
  }

  /** Where its CRI is served once it runs. */
  public CriEndpoint endpoint() {
    return new CriEndpoint(config.socket());
  }

  /** Which containerd it is. */
  public ContainerdVersion version() {
    return version;
  }

  /** Where images to preload are looked for. */
  public Path imagesDir() {
    return config.imagesDir();
  }

  /** containerd's own client, if it is installed. */
  public Optional<Path> client() {
    return programs.find("ctr");
  }

  /**
   * Starts containerd, and starts it again whenever it ends.
   *
   * @throws InterruptedException when asked to stop; containerd has ended by then, containers go on
   */
  @Override
  public void run() throws InterruptedException {
    Leftover leftover =
        new Leftover(config.configFile(), config.stateDir().resolve("containerd.pid"));
    leftover.end();
    int failures = 0;
    try (RotatingLog output = new RotatingLog(config.log(), LOG_LIMIT_BYTES, LOGS_KEPT)) {
      while (true) {
        Instant begun = clock.instant();
        ChildRun.Ended end =
            new ChildRun(command(), environment(System.getenv()), output, config.debug())
                .run(leftover::remember);
        failures = Duration.between(begun, clock.instant()).compareTo(WELL) < 0 ? failures : 0;
        Duration wait = RESTART.after(failures++, RandomGenerator.getDefault());
        log.atWarn()
            .addKeyValue("exitCode", end.exitCode())
            .addKeyValue("lastLine", end.lastLine())
            .addKeyValue("log", config.log())
            .addKeyValue("delay", wait)
            .log("containerd ended, containers go on; starting it again");
        sleeper.sleep(wait);
      }
    }
  }

  /** {@code setpriv} asks the kernel to kill containerd when the agent is killed. */
  private List<String> command() {
    List<String> result = new ArrayList<>();
    programs
        .find("setpriv")
        .ifPresent(
            setpriv -> result.addAll(List.of(setpriv.toString(), "--pdeathsig", "KILL", "--")));
    result.addAll(List.of(program.toString(), "-c", config.configFile().toString()));
    config.logLevel().ifPresent(level -> result.addAll(List.of("--log-level", level)));
    return result;
  }

  /** Readiness is the agent's to tell, so the socket for that is not handed down. */
  private Map<String, String> environment(Map<String, String> ours) {
    Map<String, String> result = new HashMap<>(ours);
    result.remove("NOTIFY_SOCKET");
    result.put("PATH", programs.path());
    return result;
  }

  private static ContainerdVersion versionOf(Path program) throws InterruptedException {
    CommandResult result = new ChildProcesses().run(Command.of(program.toString(), "--version"));
    try {
      return ContainerdVersion.parse(result.output());
    } catch (IllegalArgumentException e) {
      throw new ContainerdException.Failed(
          "cannot start containerd: " + program + " --version answers unexpectedly; reinstall it",
          e);
    }
  }

  private static void write(
      ContainerdConfig config, ContainerdVersion version, HostFacts host, Registries registries)
      throws IOException {
    AtomicFiles.makeDirectory(config.root(), PRIVATE_DIRECTORY);
    AtomicFiles.makeDirectory(config.stateDir(), "rwx--x--x");
    AtomicFiles.makeDirectory(config.configFile().resolveSibling("certs.d"), PRIVATE_DIRECTORY);
    Files.createDirectories(config.cniConfigDir());
    writeHosts(
        config.registryDir(),
        RegistryHosts.files(registries, config.disableDefaultRegistryEndpoint()));
    AtomicFiles.writeIfChanged(
        config.configFile(),
        ConfigToml.render(config, version.schema(), host, RegistryHosts.logins(registries)),
        "rw-------");
    Path template = config.configFile().resolveSibling(version.schema().template());
    if (Files.exists(template)) {
      log.atWarn()
          .addKeyValue("file", template)
          .addKeyValue("instead", config.configFile().resolveSibling(version.schema().dropIns()))
          .log("configuration templates are not read, put TOML files into the directory instead");
    }
  }

  /** Ours are replaced and removed; directories that a user made stay. */
  private static void writeHosts(Path directory, Map<String, String> files) throws IOException {
    try (DirectoryStream<Path> present = Files.newDirectoryStream(directory)) {
      for (Path host : present) {
        boolean stale = !files.containsKey(String.valueOf(host.getFileName()));
        if (stale && isOurs(host.resolve("hosts.toml"))) {
          Files.delete(host.resolve("hosts.toml"));
          Files.deleteIfExists(host);
        }
      }
    }
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path host = directory.resolve(file.getKey());
      AtomicFiles.makeDirectory(host, PRIVATE_DIRECTORY);
      AtomicFiles.writeIfChanged(host.resolve("hosts.toml"), file.getValue(), "rw-r--r--");
    }
  }

  private static boolean isOurs(Path file) throws IOException {
    try {
      return Files.readString(file).startsWith(RegistryHosts.HEADER + "\n");
    } catch (NoSuchFileException e) {
      return false;
    }
  }
}
