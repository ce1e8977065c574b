/**
 * {@code k3s doctor}: what of this host and on the way to the server keeps an agent from working.
 * Open {@link org.k3sjvm.agent.doctor.HostRules} first, which judges what {@link
 * org.k3sjvm.agent.doctor.HostLook} sees. The way to the server is {@code join.DryRun}'s, mending
 * is the operator's. What is asked of a host is what k3s v1.36.3 and kubelet ask of it, and what
 * this agent uses.
 */
@NullMarked
package org.k3sjvm.agent.doctor;

import org.jspecify.annotations.NullMarked;
