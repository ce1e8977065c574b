/**
 * What a check found, in the shape that every check shows it. Open {@link
 * org.k3sjvm.base.finding.Finding} first. Looking and judging are left to the checks. The shape is
 * our own: what is wrong, why, and the command that repairs it.
 */
@NullMarked
package org.k3sjvm.base.finding;

import org.jspecify.annotations.NullMarked;
