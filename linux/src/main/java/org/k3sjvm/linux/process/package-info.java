/**
 * Short-lived programs of the host, run with a deadline. Open {@link
 * org.k3sjvm.linux.process.Commands} first. Long-running children are left to who supervises them.
 * Exit codes are those of the program, as wait(2) reports them.
 */
@NullMarked
package org.k3sjvm.linux.process;

import org.jspecify.annotations.NullMarked;
