/**
 * The node's certificates while the agent runs: renewed in time, handed to all who show them, and
 * watched for their end. Open {@link org.k3sjvm.agent.certificate.CertificateKeeper} first, then
 * {@link org.k3sjvm.agent.certificate.RenewalSchedule} for when. How certificates are asked for is
 * left to {@code join}, and which files there are. Names of files, events and metrics are those of
 * k3s v1.36.3 (pkg/certmonitor, pkg/cli/cert); renewal without a restart is ours.
 */
@NullMarked
package org.k3sjvm.agent.certificate;

import org.jspecify.annotations.NullMarked;
