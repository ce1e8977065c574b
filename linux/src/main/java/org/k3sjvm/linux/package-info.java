/**
 * The faults that the host's kernel and programs answer with. Open {@link
 * org.k3sjvm.linux.LinuxException} first. What is asked of the host is left to the packages below.
 * The meaning of an error number follows errno(3).
 */
@NullMarked
package org.k3sjvm.linux;

import org.jspecify.annotations.NullMarked;
