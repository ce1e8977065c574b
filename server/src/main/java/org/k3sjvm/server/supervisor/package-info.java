/**
 * What agents ask before there is a Kubernetes API for them. Open {@link
 * org.k3sjvm.server.supervisor.SupervisorHandler} first. Everything that is not the supervisor's is
 * left to the API behind it. Paths and answers follow k3s v1.36.3 pkg/server/handlers.
 */
@NullMarked
package org.k3sjvm.server.supervisor;

import org.jspecify.annotations.NullMarked;
