/**
 * Mount points: tmpfs, bind mounts, unmounting, and what is mounted now. Open {@link
 * org.k3sjvm.linux.mount.Mounts} first. Which volume needs which mount is left to the kubelet.
 * Behaviour follows mount(2), umount2(2) and proc_pid_mountinfo(5).
 */
@NullMarked
package org.k3sjvm.linux.mount;

import org.jspecify.annotations.NullMarked;
