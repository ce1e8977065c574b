/**
 * Telling the service manager that the agent is up. Open {@link
 * org.k3sjvm.linux.systemd.ServiceManager} first. When that is so is left to the agent. The
 * protocol is sd_notify(3).
 */
@NullMarked
package org.k3sjvm.linux.systemd;

import org.jspecify.annotations.NullMarked;
