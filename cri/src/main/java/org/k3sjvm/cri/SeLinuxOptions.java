package org.k3sjvm.cri;

/** An SELinux label; empty parts are the runtime's default. */
public record SeLinuxOptions(String user, String role, String type, String level) {}
