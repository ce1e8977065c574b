package org.k3sjvm.agent.certificate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.PkiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of {@code k3s certificate}, by the services that upstream names. Authorities have files
 * of their own, which are not among them. Source: k3s v1.36.3 pkg/util/services and pkg/cli/cert.
 */
public final class CertificateFiles {
  private static final Logger log = LoggerFactory.getLogger(CertificateFiles.class);

  private static final List<String> OF_AGENTS = List.of("kube-proxy", "kubelet", "k3s-controller");
  private static final Map<String, List<String>> IN_AGENT =
      Map.of(
          "kube-proxy", List.of("client-kube-proxy"),
          "kubelet", List.of("client-kubelet", "serving-kubelet"),
          "k3s-controller", List.of("client-k3s-controller"));

  /** Below {@code server/tls}; what a server does not have is left out. */
  private static final Map<String, List<String>> IN_SERVER = inServer();

  private final Path dataDir;

  private static Map<String, List<String>> inServer() {
    Map<String, List<String>> files = new LinkedHashMap<>();
    files.put("api-server", List.of("client-kube-apiserver", "serving-kube-apiserver"));
    files.put("admin", List.of("client-admin"));
    files.put("auth-proxy", List.of("client-auth-proxy"));
    files.put("cloud-controller", List.of("client-k3s-cloud-controller"));
    files.put(
        "controller-manager",
        List.of("client-controller", "kube-controller-manager/kube-controller-manager"));
    files.put("etcd", List.of("etcd/client", "etcd/server-client", "etcd/peer-server-client"));
    files.put("scheduler", List.of("client-scheduler", "kube-scheduler/kube-scheduler"));
    files.put("supervisor", List.of("client-supervisor"));
    files.put("k3s-server", List.of());
    files.put("kube-proxy", List.of("client-kube-proxy"));
    files.put("k3s-controller", List.of("client-k3s-controller"));
    return files;
  }

  /** Of the node whose state is in a directory. */
  public CertificateFiles(Path dataDir) {
    this.dataDir = dataDir;
  }

  /** Whether a server has its state here. */
  public boolean isServer() {
    return Files.isDirectory(dataDir.resolve("server"));
  }

  /** What is looked at when nobody says. */
  public List<String> services() {
    if (!isServer()) {
      return OF_AGENTS;
    }
    List<String> all = new ArrayList<>(IN_SERVER.keySet());
    all.removeAll(OF_AGENTS);
    all.addAll(OF_AGENTS);
    return List.copyOf(all);
  }

  /** Whether there is a service of this name. */
  public static boolean isService(String name) {
    return IN_SERVER.containsKey(name) || IN_AGENT.containsKey(name);
  }

  /** Each certificate with how it is, file by file. What cannot be read is left out. */
  public CertificateReport report(List<String> services, Instant now) {
    List<CertificateReport.Entry> entries = new ArrayList<>();
    for (String service : services) {
      for (Path stem : stems(service)) {
        Path file = withEnd(stem, ".crt");
        for (X509Certificate certificate : read(file)) {
          entries.add(
              CertificateReport.Entry.of(String.valueOf(file.getFileName()), certificate, now));
        }
      }
    }
    return new CertificateReport(entries, now);
  }

  /**
   * Puts copies of the services' files aside and takes the files away, so that others are asked
   * for.
   *
   * @return the directory with the copies
   * @throws IOException when one cannot be copied; then none is taken away
   */
  public Path rotate(List<String> services, Instant now) throws IOException {
    Path backup =
        dataDir.resolve(isServer() ? "server" : "agent").resolve("tls-" + now.getEpochSecond());
    AtomicFiles.makeDirectory(backup, "rwx------");
    List<Path> files = new ArrayList<>();
    for (String service : services) {
      for (Path stem : stems(service)) {
        for (String end : List.of(".crt", ".key")) {
          Path file = withEnd(stem, end);
          if (Files.exists(file)) {
            AtomicFiles.write(
                place(backup, file).resolve(String.valueOf(file.getFileName())),
                Files.readString(file),
                "rw-------");
            files.add(file);
          }
        }
      }
    }
    for (Path file : files) {
      Files.delete(file);
      log.atDebug().addKeyValue("file", file).log("file is deleted");
    }
    return backup;
  }

  /** Where the copy goes; a server has two files of some names. */
  private Path place(Path backup, Path file) throws IOException {
    Path agent = dataDir.resolve("agent");
    Path place = backup;
    if (!file.startsWith(agent)) {
      Path directory = dataDir.resolve("server/tls").relativize(file).getParent();
      place = directory == null ? backup : backup.resolve(directory);
    } else if (isServer()) {
      place = backup.resolve("agent");
    }
    AtomicFiles.makeDirectory(place, "rwx------");
    return place;
  }

  private List<Path> stems(String service) {
    List<Path> stems = new ArrayList<>();
    if (isServer()) {
      IN_SERVER
          .getOrDefault(service, List.of())
          .forEach(name -> stems.add(dataDir.resolve("server/tls").resolve(name)));
    }
    IN_AGENT
        .getOrDefault(service, List.of())
        .forEach(name -> stems.add(dataDir.resolve("agent").resolve(name)));
    return stems;
  }

  private static Path withEnd(Path stem, String end) {
    return stem.resolveSibling(stem.getFileName() + end);
  }

  private static List<X509Certificate> read(Path file) {
    try {
      return Certificates.parse(AtomicFiles.read(file).orElse(""));
    } catch (IOException | PkiException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", e.getMessage())
          .log("a certificate cannot be read");
      return List.of();
    }
  }
}
