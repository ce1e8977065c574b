package org.k3sjvm.cri;

/** A variable of a container's environment; bytes that are not UTF-8 do not occur. */
public record EnvVar(String name, String value) {}
