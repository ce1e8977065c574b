/**
 * Writing TOML. Open {@link org.k3sjvm.containerd.toml.Toml} first. What to write is left to {@code
 * containerd.config} and {@code containerd.registry}. The format is TOML v1.0.0.
 */
@NullMarked
package org.k3sjvm.containerd.toml;

import org.jspecify.annotations.NullMarked;
