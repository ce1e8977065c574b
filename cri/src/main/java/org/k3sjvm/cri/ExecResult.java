package org.k3sjvm.cri;

/** What a command in a container said, read as UTF-8, and how it ended. */
public record ExecResult(String stdout, String stderr, int exitCode) {}
