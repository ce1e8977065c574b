package org.k3sjvm.cri;

/**
 * Who answers on the socket.
 *
 * @param name such as {@code containerd}
 * @param version such as {@code 1.6.20~ds1}; not always numbers and dots
 * @param apiVersion such as {@code v1}
 */
public record RuntimeVersion(String name, String version, String apiVersion) {}
