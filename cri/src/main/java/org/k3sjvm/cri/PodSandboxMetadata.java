package org.k3sjvm.cri;

/**
 * Whose sandbox it is. The four together are unique in the runtime: a second sandbox with the same
 * values is refused.
 *
 * @param attempt 0 for the pod's first sandbox
 */
public record PodSandboxMetadata(String name, String namespace, String uid, int attempt) {}
