package org.k3sjvm.cri;

/**
 * A limit on huge pages.
 *
 * @param pageSize in the form {@code 2MB}, {@code 1GB}, {@code 64KB}
 * @param limitBytes 0 forbids them
 */
public record HugepageLimit(String pageSize, long limitBytes) {}
