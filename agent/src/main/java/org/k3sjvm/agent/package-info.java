/**
 * The node agent as a whole. Open {@link org.k3sjvm.agent.Agent} first: its {@code run} is the
 * table of contents. What each part does is left to its module; this package only starts them in
 * order and introduces them to each other. The order is that of k3s v1.36 pkg/agent.
 */
@NullMarked
package org.k3sjvm.agent;

import org.jspecify.annotations.NullMarked;
