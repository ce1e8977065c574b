package org.k3sjvm.join;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.net.IpAddresses;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which resolv.conf is of use to pods. A name server on the host's loopback is not: a pod's
 * loopback is its own. Source: k3s v1.36.3 pkg/agent/config, locateOrGenerateResolvConf.
 */
final class ResolvConf {
  static final List<Path> CANDIDATES =
      List.of(Path.of("/etc/resolv.conf"), Path.of("/run/systemd/resolve/resolv.conf"));

  private static final String GENERATED = "nameserver 8.8.8.8\nnameserver 2001:4860:4860::8888\n";
  private static final Pattern BLANKS = Pattern.compile("\\s+");
  private static final Logger log = LoggerFactory.getLogger(ResolvConf.class);

  private ResolvConf() {}

  /** The configured file, the first usable candidate, or the fallback, which is then written. */
  static Path choose(Optional<Path> configured, List<Path> candidates, Path fallback) {
    if (configured.isPresent()) {
      return configured.get();
    }
    for (Path candidate : candidates) {
      try {
        if (AtomicFiles.read(candidate).filter(ResolvConf::isUsable).isPresent()) {
          return candidate;
        }
      } catch (IOException e) {
        log.atDebug().setCause(e).addKeyValue("file", candidate).log("cannot read resolv.conf");
      }
    }
    try {
      AtomicFiles.writeIfChanged(fallback, GENERATED, "rw-r--r--");
    } catch (IOException e) {
      throw JoinException.HostUnfit.cannotWrite(fallback, e);
    }
    log.atWarn()
        .addKeyValue("file", fallback)
        .log("no resolv.conf of the host has name servers that pods reach, using public ones");
    return fallback;
  }

  /** Whether it names servers and pods reach each of them. */
  static boolean isUsable(String text) {
    List<String> servers = new ArrayList<>();
    for (String line : text.lines().toList()) {
      String[] words = BLANKS.split(line.strip(), -1);
      if (words.length >= 2 && words[0].equals("nameserver")) {
        servers.add(words[1]);
      }
    }
    return !servers.isEmpty() && servers.stream().allMatch(ResolvConf::isReachable);
  }

  private static boolean isReachable(String server) {
    if (server.equals("169.254.169.254")) {
      return true; // name servers of clouds
    }
    int zone = server.indexOf('%');
    try {
      InetAddress address = IpAddresses.parse(zone < 0 ? server : server.substring(0, zone));
      return AddressChoice.isGlobalUnicast(address);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
