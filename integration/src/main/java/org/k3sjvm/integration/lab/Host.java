package org.k3sjvm.integration.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A machine of its own as far as an agent can tell: network, processes, mounts, host name and
 * control groups are its own, and so are the {@link #PRIVATE_DIRECTORIES}; all other files are the
 * real machine's. One thread at a time starts processes.
 */
public final class Host {
  /** Directories that begin empty and are seen by no other host. */
  public static final List<String> PRIVATE_DIRECTORIES =
      List.of(
          "/etc/cni",
          "/etc/rancher",
          "/run/containerd",
          "/run/flannel",
          "/run/k3s",
          "/run/netns",
          "/var/lib/cni",
          "/var/lib/kubelet",
          "/var/lib/rancher",
          "/var/log/containers",
          "/var/log/pods");

  private static final Duration RUN_LIMIT = Duration.ofMinutes(2);

  private final String name;
  private final String address;
  private final Path home;
  private final Holder holder;
  private final Cable cable;
  private final Map<String, HostProcess> processes = new LinkedHashMap<>();

  Host(String name, String address, Path home, Holder holder, Cable cable) {
    this.name = name;
    this.address = address;
    this.home = home;
    this.holder = holder;
    this.cable = cable;
  }

  /** The host name. */
  public String name() {
    return name;
  }

  /** The address of {@code eth0}. */
  public String address() {
    return address;
  }

  /**
   * Where the test finds a file that the host sees under a path.
   *
   * @param path absolute; below a {@linkplain #PRIVATE_DIRECTORIES private directory} it is the
   *     host's own file, elsewhere everybody's
   */
  public Path path(String path) {
    boolean own =
        PRIVATE_DIRECTORIES.stream().anyMatch(d -> path.equals(d) || path.startsWith(d + "/"));
    return own ? Path.of(home + "/fs" + path) : Path.of(path);
  }

  /** A directory for this host's files, seen under the same path by host and test. */
  public Path home() {
    return home;
  }

  /** Runs a command on the host to its end, for two minutes at most. */
  public Result run(String... command) throws InterruptedException {
    return Shell.run(enter(List.of(command)), name + ": " + String.join(" ", command), RUN_LIMIT);
  }

  /** The same for a line of shell. */
  public Result sh(String script) throws InterruptedException {
    return run("sh", "-c", script);
  }

  /**
   * Starts a process that goes on; its output goes to {@link HostProcess#log()}.
   *
   * @param process a name for it; one that ended may be started again, and its log goes on
   */
  public HostProcess start(String process, String... command) throws InterruptedException {
    return start(process, Map.of(), List.of(command));
  }

  /** The same with variables added to the environment. */
  public HostProcess start(String process, Map<String, String> environment, List<String> command)
      throws InterruptedException {
    HostProcess former = processes.get(process);
    if (former != null && former.isAlive()) {
      throw new IllegalStateException(process + " runs on " + name + " already");
    }
    Path log = home.resolve(process + ".log");
    ProcessBuilder builder =
        builder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    try {
      HostProcess started = HostProcess.start(name + "/" + process, builder, log);
      processes.put(process, started);
      return started;
    } catch (IOException e) {
      throw new LabException("cannot start " + process + " on " + name + ": " + e, e);
    }
  }

  /** For a test that wants the streams of a command itself; ending it is then the test's. */
  public ProcessBuilder builder(List<String> command) {
    return new ProcessBuilder(enter(command));
  }

  /** Pulls the network cable. */
  public void unplug() throws InterruptedException {
    cable.set("down");
  }

  /** Puts the network cable back. */
  public void plug() throws InterruptedException {
    cable.set("up");
  }

  @Override
  public String toString() {
    return name + " (" + address + ")";
  }

  /** Ends everything that runs on the host, containers too. */
  void close() {
    holder.close();
    processes.values().forEach(p -> p.awaitEndQuietly(Duration.ofSeconds(10)));
    ControlGroups.remove(home.resolve("cgroups"));
  }

  private List<String> enter(List<String> command) {
    List<String> result =
        new ArrayList<>(
            List.of(
                "nsenter",
                "-t",
                Long.toString(holder.pid()),
                "--mount",
                "--net",
                "--uts",
                "--cgroup",
                "--pid",
                "--",
                "sh",
                "-c",
                Holder.resource("enter.sh"),
                "sh"));
    result.addAll(command);
    return result;
  }

  /** Sets the link state of the host's port: {@code up} or {@code down}. */
  @FunctionalInterface
  interface Cable {
    void set(String state) throws InterruptedException;
  }
}
