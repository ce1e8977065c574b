/**
 * containerd's own configuration as text. Open {@link org.k3sjvm.containerd.config.ConfigToml}
 * first. Which registries there are is left to {@code containerd.registry}. The content follows the
 * built-in templates of k3s v1.36 pkg/agent/templates; the keys are containerd's, in schema 2 for
 * 1.x and schema 3 for 2.x.
 */
@NullMarked
package org.k3sjvm.containerd.config;

import org.jspecify.annotations.NullMarked;
