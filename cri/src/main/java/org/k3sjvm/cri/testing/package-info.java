/**
 * A container runtime without containers, and small images for the real one. Open {@link
 * org.k3sjvm.cri.testing.FakeContainerRuntime} first. Whether the fake tells the truth is left to
 * the contract suite, which runs against it and against containerd. The image layout is that of
 * {@code docker save}.
 */
@NullMarked
package org.k3sjvm.cri.testing;

import org.jspecify.annotations.NullMarked;
