/**
 * From the command line, the environment and the configuration file to one checked value. Open
 * {@link org.k3sjvm.agent.config.AgentConfig} first, then {@link
 * org.k3sjvm.agent.config.AgentFlags} for the list of flags. What the values mean is left to the
 * modules that receive them. Names, defaults and precedence are those of {@code k3s agent} v1.36.
 */
@NullMarked
package org.k3sjvm.agent.config;

import org.jspecify.annotations.NullMarked;
