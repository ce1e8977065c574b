package org.k3sjvm.agent;

import java.time.InstantSource;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.lb.HealthSource;
import org.k3sjvm.lb.LbConfig;
import org.k3sjvm.lb.LoadBalancer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node agent: {@link #run} names its parts in the order in which they start. */
public final class Agent {
  private static final Logger log = LoggerFactory.getLogger(Agent.class);

  private final AgentConfig config;

  public Agent(AgentConfig config) {
    this.config = config;
  }

  /** Blocks until interrupted or until a part fails. Containers keep running after it returns. */
  public void run() throws InterruptedException {
    log.atInfo().addKeyValue("version", Version.current()).log("Starting k3s agent");
    LbConfig balancing =
        LbConfig.supervisor(
            new HostPort(config.server().getHost(), config.server().getPort()),
            config.loadBalancerPort(),
            false,
            config.agentDir());
    try (LoadBalancer balancer =
            LoadBalancer.open(balancing, HealthSource.UNKNOWN, InstantSource.system());
        ServiceGroup group = ServiceGroup.open("agent")) {
      group.start("load-balancer", balancer);
      group.await();
    }
  }
}
