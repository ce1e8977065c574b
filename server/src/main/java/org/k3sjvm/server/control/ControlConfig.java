package org.k3sjvm.server.control;

import java.util.function.Supplier;
import org.k3sjvm.server.control.node.PodNetworks;

/**
 * What the controllers need to know.
 *
 * @param podNetworks where node subnets come from
 * @param cloudController whether we play the cloud controller of the nodes
 * @param caPem what clients inside pods trust; asked anew for each namespace
 */
public record ControlConfig(
    PodNetworks podNetworks, boolean cloudController, Supplier<String> caPem) {}
