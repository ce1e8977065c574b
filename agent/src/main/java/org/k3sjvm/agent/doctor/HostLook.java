package org.k3sjvm.agent.doctor;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.k3sjvm.agent.doctor.HostFacts.Feature;
import org.k3sjvm.agent.doctor.HostFacts.Port;
import org.k3sjvm.agent.doctor.HostFacts.Presence;
import org.k3sjvm.join.LinuxHostNetwork;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.CgroupFs;
import org.k3sjvm.linux.host.ProcessFacts;
import org.k3sjvm.linux.mount.KernelMounts;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.process.Commands;

/**
 * Reads {@link HostFacts} off this host. Nothing is changed: the one file that is written, to see
 * how long the disk takes, is gone afterwards. What cannot be read counts as absent or unknown.
 */
final class HostLook {
  private static final int SYNCS = 9;
  private static final int SYNC_BYTES = 4096;
  private static final Duration SYNC_BUDGET = Duration.ofSeconds(3);
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(5);
  private static final List<String> PROGRAMS = List.of("containerd", "runc");
  private static final List<String> PLUGINS =
      List.of("bridge", "host-local", "loopback", "portmap");
  private static final List<Path> CNI_PLACES =
      List.of(Path.of("/usr/lib/cni"), Path.of("/opt/cni/bin"));
  private static final List<String> SYSTEM =
      List.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin");

  private final Commands commands = new ChildProcesses();
  private final Path dataDir;
  private final List<Port> ports;
  private final Optional<Path> runtimeSocket;
  private final boolean agentRuns;

  /**
   * @param ports that the agent would listen on
   * @param runtimeSocket of another runtime, when one is named
   */
  HostLook(Path dataDir, List<Port> ports, Optional<Path> runtimeSocket, boolean agentRuns) {
    this.dataDir = dataDir;
    this.ports = List.copyOf(ports);
    this.runtimeSocket = runtimeSocket;
    this.agentRuns = agentRuns;
  }

  HostFacts look() throws InterruptedException {
    String kernel = System.getProperty("os.version", "");
    return new HostFacts(
        ProcessFacts.read().effectiveUid() == 0,
        Instant.now(),
        new HostFacts.Boot(
            kernel,
            text(Path.of("/proc/cmdline")).strip(),
            BootFile.of(text(Path.of("/proc/device-tree/model")), Files::exists),
            CgroupFs.detect(new KernelMounts()).layout()),
        features(kernel),
        filters(),
        agentRuns ? Map.of() : taken(),
        mtu(),
        disk(),
        text(Path.of("/proc/swaps")).lines().skip(1).map(l -> l.split("\\s+", 2)[0]).toList(),
        text(Path.of("/proc/sys/kernel/hostname")).strip(),
        text(Path.of("/etc/machine-id")).strip(),
        missingPrograms(),
        missingPlugins(),
        runtimeSocket.filter(socket -> !Files.exists(socket)).map(Path::toString),
        agentRuns);
  }

  private static Map<Feature, Presence> features(String kernel) {
    String fileSystems = text(Path.of("/proc/filesystems"));
    Path modules = Path.of("/lib/modules", kernel);
    String builtIn = text(modules.resolve("modules.builtin"));
    String loadable = text(modules.resolve("modules.dep"));
    String configuration = configuration(kernel);
    Map<Feature, Presence> features = new EnumMap<>(Feature.class);
    for (Feature feature : Feature.values()) {
      boolean loaded =
          Files.exists(Path.of("/sys/module", feature.module()))
              || fileSystems.lines().anyMatch(line -> line.endsWith("\t" + feature.module()));
      features.put(
          feature, KernelConfig.presence(feature, loaded, builtIn, loadable, configuration));
    }
    return features;
  }

  private static String configuration(String kernel) {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(Path.of("/proc/config.gz")))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return text(Path.of("/boot/config-" + kernel));
    }
  }

  private HostFacts.Filters filters() throws InterruptedException {
    boolean old = !text(Path.of("/proc/net/ip_tables_names")).isBlank();
    OptionalInt rules = OptionalInt.empty();
    if (old) {
      Optional<String> saved = output("iptables-legacy-save");
      rules =
          OptionalInt.of(
              saved
                  .map(s -> (int) s.lines().filter(line -> line.startsWith("-A ")).count())
                  .orElse(0));
    }
    return new HostFacts.Filters(
        output("nft", "--version"),
        output("iptables", "--version"),
        rules,
        Files.isDirectory(Path.of("/run/firewalld")),
        text(Path.of("/etc/ufw/ufw.conf")).contains("ENABLED=yes"));
  }

  private Optional<String> output(String... command) throws InterruptedException {
    try {
      CommandResult result = commands.run(Command.of(command).within(COMMAND_LIMIT));
      return result.succeeded() ? Optional.of(result.output().strip()) : Optional.empty();
    } catch (LinuxException e) {
      return Optional.empty();
    }
  }

  private Map<Port, String> taken() {
    List<Listener> listeners = new ArrayList<>();
    for (String protocol : List.of("tcp", "tcp6", "udp", "udp6")) {
      listeners.addAll(
          Listener.parse(text(Path.of("/proc/net", protocol)), protocol.startsWith("udp")));
    }
    Map<Port, String> taken = new LinkedHashMap<>();
    for (Port port : ports) {
      listeners.stream()
          .filter(listener -> listener.udp() == port.udp() && listener.port() == port.number())
          .findFirst()
          .filter(listener -> !isOverlay(listener))
          .ifPresent(listener -> taken.put(port, owner(listener.inode())));
    }
    return taken;
  }

  /** A VXLAN interface holds its port without a process; one that was left is taken over. */
  private static boolean isOverlay(Listener listener) {
    return listener.udp() && mtuOf("flannel.1").isPresent();
  }

  /** Name and id of the process that has the socket open. */
  private static String owner(long inode) {
    String wanted = "socket:[" + inode + "]";
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process :
          processes.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        if (hasOpen(process, wanted)) {
          return name(process) + " (pid " + process.getFileName() + ")";
        }
      }
    } catch (IOException e) {
      return "another program";
    }
    return "another program, or the kernel";
  }

  /** A virtual machine is what it runs. */
  private static String name(Path process) {
    boolean agent = text(process.resolve("cmdline")).contains("k3s.jar");
    return agent ? "k3s" : text(process.resolve("comm")).strip();
  }

  private static boolean hasOpen(Path process, String wanted) {
    try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          if (Files.readSymbolicLink(descriptor).toString().equals(wanted)) {
            return true;
          }
        } catch (IOException e) {
          // closed meanwhile
        }
      }
    } catch (IOException e) {
      return false; // it ended, or is not ours to see
    }
    return false;
  }

  private static HostFacts.Mtu mtu() {
    LinuxHostNetwork network = new LinuxHostNetwork();
    Optional<String> uplink =
        network.defaultRouteInterface(false).or(() -> network.defaultRouteInterface(true));
    return new HostFacts.Mtu(
        uplink, uplink.map(HostLook::mtuOf).orElse(OptionalInt.empty()), mtuOf("flannel.1"));
  }

  private static OptionalInt mtuOf(String name) {
    try {
      NetworkInterface nic = NetworkInterface.getByName(name);
      return nic == null ? OptionalInt.empty() : OptionalInt.of(nic.getMTU());
    } catch (SocketException e) {
      return OptionalInt.empty();
    }
  }

  private Optional<HostFacts.Disk> disk() {
    Path directory = dataDir;
    while (!Files.isDirectory(directory)) {
      Path parent = directory.getParent();
      if (parent == null) {
        return Optional.empty();
      }
      directory = parent;
    }
    try {
      FileStore store = Files.getFileStore(directory);
      return Optional.of(
          new HostFacts.Disk(
              directory.toString(),
              syncs(directory),
              store.getUsableSpace(),
              store.getTotalSpace()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static List<Duration> syncs(Path directory) {
    List<Duration> times = new ArrayList<>();
    Path file = directory.resolve(".k3s-doctor-" + ProcessHandle.current().pid());
    long until = System.nanoTime() + SYNC_BUDGET.toNanos();
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE)) {
      for (int i = 0; i < SYNCS && System.nanoTime() < until; i++) {
        long start = System.nanoTime();
        channel.write(ByteBuffer.allocate(SYNC_BYTES));
        channel.force(true);
        times.add(Duration.ofNanos(System.nanoTime() - start));
      }
    } catch (IOException e) {
      return List.of();
    }
    Collections.sort(times);
    return times;
  }

  private static Set<String> missingPrograms() {
    List<String> directories = new ArrayList<>();
    String path = System.getenv("PATH");
    if (path != null) {
      directories.addAll(List.of(path.split(File.pathSeparator, -1)));
    }
    directories.addAll(SYSTEM);
    Set<String> missing = new HashSet<>(PROGRAMS);
    missing.removeIf(
        program ->
            directories.stream()
                .filter(directory -> directory.startsWith("/"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program))));
    return missing;
  }

  private Set<String> missingPlugins() {
    Set<String> missing = new HashSet<>(PLUGINS);
    missing.removeIf(
        plugin ->
            Stream.concat(Stream.of(dataDir.resolve("data/cni")), CNI_PLACES.stream())
                .anyMatch(place -> Files.isExecutable(place.resolve(plugin))));
    return missing;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1).replace("\0", "");
    } catch (IOException e) {
      return "";
    }
  }
}
