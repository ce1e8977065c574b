package org.k3sjvm.agent;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import org.k3sjvm.flannel.FlannelConfig;
import org.k3sjvm.flannel.FlannelHost;
import org.k3sjvm.flannel.files.WireguardKeyFile;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.linux.cgroup.CgroupFs;
import org.k3sjvm.linux.cgroup.Cgroups;
import org.k3sjvm.linux.host.HostPreparation;
import org.k3sjvm.linux.host.HostSettings;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.linux.mount.KernelMounts;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.networkpolicy.PolicyHost;
import org.k3sjvm.nodepassword.NodeFiles;
import org.k3sjvm.serviceproxy.ProxyHost;

/** The kernel and the files that this process sees. */
final class ThisHost implements Ground {
  private final Mounts mounts = new KernelMounts();

  @Override
  public void verify(KubeletSettings settings) {
    HostCheck.verify(InstantSource.system(), mounts, settings);
  }

  @Override
  public void prepare(HostSettings settings) throws InterruptedException {
    new HostPreparation(new ChildProcesses(), new ProcSysctls()).prepare(settings);
  }

  @Override
  public Path nodeFiles() {
    return NodeFiles.DEFAULT_DIRECTORY;
  }

  @Override
  public Path logs() {
    return Path.of("/var/log");
  }

  @Override
  public Path subnetFile() {
    return FlannelConfig.DEFAULT_SUBNET_FILE;
  }

  @Override
  public Path wireguardKeyFile() {
    return Optional.ofNullable(System.getenv(WireguardKeyFile.VARIABLE))
        .filter(name -> !name.isEmpty())
        .map(Path::of)
        .orElse(WireguardKeyFile.DEFAULT);
  }

  @Override
  public Mounts mounts() {
    return mounts;
  }

  @Override
  public Cgroups cgroups() {
    return CgroupFs.detect(mounts);
  }

  @Override
  public FlannelHost flannel() {
    return FlannelHost.open();
  }

  @Override
  public PolicyHost policies() {
    return PolicyHost.open();
  }

  @Override
  public ProxyHost services() {
    return ProxyHost.open();
  }
}
