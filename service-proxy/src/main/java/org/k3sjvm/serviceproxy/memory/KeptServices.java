package org.k3sjvm.serviceproxy.memory;

import org.k3sjvm.serviceproxy.model.ServiceFacts;

/**
 * Services as they were.
 *
 * @param boot which start of the machine that was; empty when the kernel does not say
 */
public record KeptServices(String boot, ServiceFacts facts) {}
