package org.k3sjvm.linux.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.k3sjvm.linux.LinuxException;

/**
 * What this process may do, and where it is accounted.
 *
 * @param effectiveUid 0 for root
 * @param effectiveCapabilities bit mask
 * @param cgroups own control group by controller; the unified tree's key is empty
 * @param inUserNamespace root here is somebody else outside
 */
public record ProcessFacts(
    int effectiveUid,
    long effectiveCapabilities,
    Map<String, String> cgroups,
    boolean inUserNamespace) {
  public ProcessFacts {
    cgroups = Map.copyOf(cgroups);
  }

  public boolean has(Capability capability) {
    return capability.in(effectiveCapabilities);
  }

  /** Reads /proc/self. */
  public static ProcessFacts read() {
    Path self = Path.of("/proc/self");
    try {
      return parse(
          Files.readString(self.resolve("status")),
          Files.readString(self.resolve("cgroup")),
          Files.readString(self.resolve("uid_map")));
    } catch (IOException e) {
      throw new LinuxException.Failed("cannot read " + self + ": " + e.getMessage(), e);
    }
  }

  static ProcessFacts parse(String status, String cgroup, String uidMap) {
    String[] uids = field(status, "Uid:").split("\\s+", -1);
    return new ProcessFacts(
        Integer.parseInt(uids[1]),
        Long.parseUnsignedLong(field(status, "CapEff:"), 16),
        cgroupsOf(cgroup),
        !uidMap.strip().replaceAll("\\s+", " ").equals("0 0 4294967295"));
  }

  private static Map<String, String> cgroupsOf(String text) {
    Map<String, String> groups = new HashMap<>();
    text.lines()
        .forEach(
            line -> {
              String[] parts = line.split(":", 3);
              for (String controller : parts[1].split(",", -1)) {
                groups.put(controller, parts[2]);
              }
            });
    return groups;
  }

  private static String field(String status, String name) {
    return status
        .lines()
        .filter(line -> line.startsWith(name))
        .findFirst()
        .map(line -> line.substring(name.length()).strip())
        .orElseThrow(() -> new IllegalArgumentException("no " + name + " in /proc/self/status"));
  }
}
