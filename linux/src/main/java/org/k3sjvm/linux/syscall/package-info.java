/**
 * The C library's calls that Java has no words for, through java.lang.foreign. Open {@link
 * org.k3sjvm.linux.syscall.SocketCalls} first. What the calls mean is left to their callers: a
 * result below zero is an error number, negated. Signatures follow the Linux man pages, section 2.
 */
@NullMarked
package org.k3sjvm.linux.syscall;

import org.jspecify.annotations.NullMarked;
