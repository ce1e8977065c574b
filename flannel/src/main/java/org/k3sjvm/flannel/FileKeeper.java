package org.k3sjvm.flannel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.flannel.FlannelConfig.CniForm;
import org.k3sjvm.flannel.files.CniConfig;
import org.k3sjvm.flannel.files.NetConf;
import org.k3sjvm.flannel.files.PodNetwork;
import org.k3sjvm.flannel.files.SubnetEnv;
import org.k3sjvm.flannel.lease.BackendType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes what has changed of flannel's files; the CNI list last, as it lets pods in. */
final class FileKeeper {
  private static final Logger log = LoggerFactory.getLogger(FileKeeper.class);
  private static final String DIRECTORY_MODE = "rwxr-xr-x";

  private final FlannelConfig config;
  private Optional<PodNetwork> written = Optional.empty();

  FileKeeper(FlannelConfig config) {
    this.config = config;
  }

  void ensure(PodNetwork pods, BackendType backend) throws IOException {
    if (written.filter(pods::equals).isPresent()) {
      return;
    }
    List<String> missing = CniConfig.missingPlugins(config.cniBinDirs());
    if (!missing.isEmpty()) {
      throw new IOException(
          "the CNI plugins "
              + missing
              + " are in none of "
              + config.cniBinDirs()
              + ": install the package containernetworking-plugins");
    }
    if (config.netConfFile().isPresent()) {
      write(config.netConfFile().get(), NetConf.text(pods.networks(), backend), NetConf.MODE);
    }
    write(config.subnetFile(), SubnetEnv.text(pods), SubnetEnv.MODE);
    write(conflist(), conflistText(pods), CniConfig.MODE);
    written = Optional.of(pods);
    log.atInfo()
        .addKeyValue("subnets", pods.subnets().values())
        .addKeyValue("mtu", pods.mtuBytes())
        .addKeyValue("file", conflist())
        .log("pods can be attached to the network");
  }

  /**
   * A list that an earlier run wrote for other subnets must not attach pods now. Source: ours; with
   * upstream's list the missing subnet.env has this effect.
   */
  void removeStale(PodNetwork pods) throws IOException {
    Optional<String> present = AtomicFiles.read(conflist());
    if (present.isPresent() && !present.get().equals(conflistText(pods))) {
      removeConflist();
    }
  }

  void removeConflist() throws IOException {
    Files.deleteIfExists(conflist());
  }

  private String conflistText(PodNetwork pods) {
    return config.cniForm() == CniForm.EXPANDED
        ? CniConfig.expanded(pods, config.cniBinDirs())
        : CniConfig.delegated(config.subnetFile(), config.cniBinDirs());
  }

  private Path conflist() {
    return config.cniConfDir().resolve(CniConfig.FILE_NAME);
  }

  private static void write(Path file, String text, String mode) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null && !Files.isDirectory(directory)) {
      AtomicFiles.makeDirectory(directory, DIRECTORY_MODE);
    }
    AtomicFiles.writeIfChanged(file, text, mode);
  }
}
