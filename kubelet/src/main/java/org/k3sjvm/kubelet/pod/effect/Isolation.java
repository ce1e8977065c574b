package org.k3sjvm.kubelet.pod.effect;

import java.nio.file.Path;
import org.k3sjvm.kubelet.pod.PodNetworkGate;
import org.k3sjvm.kubelet.userns.UserNamespaces;

/**
 * What the node does to keep pods apart, besides what they ask for.
 *
 * @param seccompDirectory with the profiles that pods may name
 * @param seccompDefault whether the runtime's seccomp profile is for those that name none
 * @param users ids of the host for pods with a user namespace of their own
 * @param network whether a pod may use its addresses yet
 */
public record Isolation(
    Path seccompDirectory, boolean seccompDefault, UserNamespaces users, PodNetworkGate network) {}
