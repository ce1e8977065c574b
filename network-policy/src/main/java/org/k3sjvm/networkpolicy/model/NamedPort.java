package org.k3sjvm.networkpolicy.model;

/** A port that a container gave a name. */
public record NamedPort(String name, Protocol protocol, int number) {}
