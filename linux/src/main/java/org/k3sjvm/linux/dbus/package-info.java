/**
 * As much of D-Bus as it takes to ask systemd for something and wait until it is done. Open {@link
 * org.k3sjvm.linux.dbus.DbusConnection} first. What the calls mean is left to {@code
 * linux.systemd}. Source: D-Bus Specification 0.43.
 */
@NullMarked
package org.k3sjvm.linux.dbus;

import org.jspecify.annotations.NullMarked;
