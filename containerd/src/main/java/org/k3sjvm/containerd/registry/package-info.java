/**
 * From {@code registries.yaml} to containerd's {@code certs.d}. Open {@link
 * org.k3sjvm.containerd.registry.RegistriesFile} first, then {@link
 * org.k3sjvm.containerd.registry.RegistryHosts}. Pulling is left to containerd. The rules are those
 * of k3s v1.36 pkg/agent/containerd, the format of {@code hosts.toml} is containerd's
 * docs/hosts.md.
 */
@NullMarked
package org.k3sjvm.containerd.registry;

import org.jspecify.annotations.NullMarked;
