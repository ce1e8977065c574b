package org.k3sjvm.linux.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.process.Commands;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads the modules and sets the sysctls that pods' networks need; what fails is only logged. */
public final class HostPreparation {
  private static final Logger log = LoggerFactory.getLogger(HostPreparation.class);

  private final KernelModules modules;
  private final Sysctls sysctls;

  public HostPreparation(Commands commands, Sysctls sysctls) {
    this(new KernelModules(commands), sysctls);
  }

  HostPreparation(KernelModules modules, Sysctls sysctls) {
    this.modules = modules;
    this.sysctls = sysctls;
  }

  public void prepare(HostSettings settings) throws InterruptedException {
    List<String> missing = new ArrayList<>();
    for (String module : settings.modules()) {
      try {
        modules.ensure(module);
      } catch (LinuxException e) {
        missing.add(module);
        log.atDebug()
            .addKeyValue("module", module)
            .addKeyValue("reason", e.getMessage())
            .log("kernel module not loaded");
      }
    }
    if (!missing.isEmpty()) {
      log.atWarn()
          .addKeyValue("modules", String.join(",", missing))
          .log("kernel modules not loaded, which is fine where they are built in");
    }
    for (Map.Entry<String, String> setting : settings.sysctls().entrySet()) {
      set(setting.getKey(), setting.getValue());
    }
  }

  private void set(String key, String value) {
    try {
      if (sysctls.ensure(key, value)) {
        log.atInfo().addKeyValue("sysctl", key).addKeyValue("to", value).log("sysctl set");
      }
    } catch (LinuxException e) {
      log.atWarn()
          .addKeyValue("sysctl", key)
          .addKeyValue("to", value)
          .addKeyValue("reason", e.getMessage())
          .log("sysctl not set");
    }
  }
}
