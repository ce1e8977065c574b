/**
 * How the state of a running agent is shown to people. Open {@link
 * org.k3sjvm.agent.status.StatusText} first. Gathering is left to the agent, asking to the command.
 * k3s has nothing of the kind; a pod's reason is chosen as kubectl's STATUS column chooses it.
 */
@NullMarked
package org.k3sjvm.agent.status;

import org.jspecify.annotations.NullMarked;
