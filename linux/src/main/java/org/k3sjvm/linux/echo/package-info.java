/**
 * Questions to other hosts that any host answers, for telling whether and how packets pass. Open
 * {@link org.k3sjvm.linux.echo.Echoes} first. What answers mean is left to those who ask. Packets
 * are those of RFC 792 and RFC 4443; options are those of ip(7), ipv6(7), raw(7) and packet(7).
 */
@NullMarked
package org.k3sjvm.linux.echo;

import org.jspecify.annotations.NullMarked;
