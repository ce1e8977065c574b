/**
 * The {@code k3s} program. Open {@link org.k3sjvm.cli.Main} first. What the subcommands do is left
 * to the agent and the server. Output and exit codes are those of k3s v1.36.
 */
@NullMarked
package org.k3sjvm.cli;

import org.jspecify.annotations.NullMarked;
